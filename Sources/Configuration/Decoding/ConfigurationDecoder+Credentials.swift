extension ConfigurationDecoder {
    private static let passwordKeys = ["password", "password_file", "password_env"]

    func credentials(_ table: TableReader) -> UpstreamCredentials? {
        let given = ConfigurationDecoder.passwordKeys.filter(table.isSet)
        guard table.isSet("username") else {
            for key in given {
                table.report(key, "is given without username", "add username, or remove \(key)")
            }
            return nil
        }
        let username = username(table)
        guard let key = given.first else {
            table.report(
                "username", "is given without a password",
                "add one of password_file, password_env and password, or remove username for anonymous access")
            return nil
        }
        guard given.count == 1 else {
            table.report(
                given[1], "is given beside \(key)", "keep exactly one of password_file, password_env and password")
            return nil
        }
        guard let text = table.text(key), let username else { return nil }
        switch key {
        case "password_file":
            return secret(file: text, key: key, table)
                .map { UpstreamCredentials(username: username, password: $0, source: .file(path: text)) }
        case "password_env":
            return password(variable: text, table)
                .map { UpstreamCredentials(username: username, password: $0, source: .environment(name: text)) }
        default:
            return UpstreamCredentials(username: username, password: Secret(text), source: .inline)
        }
    }

    /// The program: `docker-credential-NAME`, or a path as it stands.
    func credentialHelper(_ table: TableReader) -> String? {
        let key = "credential_helper"
        guard let text = table.text(key) else { return nil }
        if let other = (["username"] + ConfigurationDecoder.passwordKeys).first(where: table.isSet) {
            table.report(key, "is given beside \(other)", "keep one of the two")
        }
        if text.hasPrefix("/") { return text }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
            table.report(
                key, "'\(text)' is neither a helper's name nor an absolute path",
                "write \"ecr-login\" for the program docker-credential-ecr-login, or a path that begins with '/'")
            return nil
        }
        return "docker-credential-\(text)"
    }

    /// RFC 7617, section 2: a colon would end the user name, and control characters are not allowed.
    private func username(_ table: TableReader) -> String? {
        guard let username = table.text("username") else { return nil }
        guard username.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F && $0 != ":" }) else {
            table.report("username", "holds a colon or a control character", "correct it; Basic allows neither")
            return nil
        }
        return username
    }

    func secret(file path: String, key: String, _ table: TableReader) -> Secret? {
        problems.note(file: path)
        do throws(BoundedFileError) {
            return try BoundedFile.secret(path)
        } catch {
            table.report(key, "'\(path)' \(error.message)", error.remedy)
            return nil
        }
    }

    private func password(variable name: String, _ table: TableReader) -> Secret? {
        guard let value = environment[name], !value.isEmpty else {
            table.report(
                "password_env", "the environment has no variable '\(name)', or it is empty",
                "set it, or correct the name")
            return nil
        }
        return Secret(value)
    }
}
