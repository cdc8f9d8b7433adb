extension UpstreamSection.ClientCertificate {
    /// The bytes of both files as they are now. Blocks.
    public func read() throws(ConfigurationProblems) -> (certificate: [UInt8], privateKey: [UInt8]) {
        (try Self.read(certificate, "client_certificate"), try Self.read(privateKey, "client_private_key"))
    }

    private static func read(_ path: String, _ key: String) throws(ConfigurationProblems) -> [UInt8] {
        do throws(BoundedFileError) {
            return try BoundedFile.read(path, limit: .mebibytes(1))
        } catch {
            throw ConfigurationProblems([
                ConfigurationProblem(
                    file: path, line: nil, keyPath: "", message: "(\(key)) \(error.message)", remedy: error.remedy)
            ])
        }
    }
}
