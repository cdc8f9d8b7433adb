extension ConfigurationDecoder {
    private static let shortestToken = 16

    func admin(_ root: TableReader) -> AdminSection? {
        guard let reader = root.table("admin", as: .admin), reader.requires("token_file"),
            let path = reader.text("token_file"), let token = secret(file: path, key: "token_file", reader)
        else { return nil }
        let bytes = token.reveal().utf8
        guard bytes.count >= Self.shortestToken, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            reader.report(
                "token_file", "'\(path)' holds no token",
                "write at least \(Self.shortestToken) printable ASCII characters without spaces into it")
            return nil
        }
        return AdminSection(tokenFile: path, token: token)
    }
}
