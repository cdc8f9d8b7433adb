internal import SigV4

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Small files, read anew each time: they are rotated.
enum CredentialFiles {
    private static let limit = 64 << 10

    /// Nil if there is none, or it cannot be read, or is no text.
    static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
            while count < limit {
                let more = read(descriptor, buffer.baseAddress.map { $0 + count }, limit - count)
                guard more > 0 else { break }
                count += more
            }
            initialized = count
        }
        return String(validating: bytes, as: UTF8.self)
    }

    static func secret(_ path: String) -> String? {
        guard var text = text(path) else { return nil }
        while text.last?.isNewline == true { text.removeLast() }
        return text.isEmpty ? nil : text
    }
}

/// A key of the configuration, its secret in a file.
struct SecretFile: CredentialProvider {
    let name = "secret_key_file"
    let accessKeyID: String
    let path: String
    let sessionToken: String?

    func fetch() async throws(S3Error) -> S3Credentials? {
        guard let secret = CredentialFiles.secret(path) else {
            throw S3Error(.denied, "the file '\(path)' holds no secret; correct storage.s3.secret_key_file")
        }
        return S3Credentials(
            SigV4Credentials(accessKeyID: accessKeyID, secretKey: secret, sessionToken: sessionToken))
    }
}

/// `AWS_ACCESS_KEY_ID` and its companions.
struct EnvironmentKeys: CredentialProvider {
    let name = "AWS_ACCESS_KEY_ID"
    let environment: [String: String]

    func fetch() async throws(S3Error) -> S3Credentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"], !id.isEmpty,
            let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty
        else { return nil }
        let token = environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        return S3Credentials(SigV4Credentials(accessKeyID: id, secretKey: secret, sessionToken: token))
    }
}

/// The file that AWS's own tools share: `~/.aws/credentials`, or what `AWS_SHARED_CREDENTIALS_FILE` says.
struct SharedFile: CredentialProvider {
    let environment: [String: String]

    var name: String { path ?? "a shared credentials file" }

    private var path: String? {
        environment["AWS_SHARED_CREDENTIALS_FILE"] ?? environment["HOME"].map { "\($0)/.aws/credentials" }
    }

    func fetch() async throws(S3Error) -> S3Credentials? {
        guard let text = path.flatMap(CredentialFiles.text) else { return nil }
        let values = Self.section(environment["AWS_PROFILE"] ?? "default", of: text)
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else { return nil }
        return S3Credentials(
            SigV4Credentials(accessKeyID: id, secretKey: secret, sessionToken: values["aws_session_token"]))
    }

    static func section(_ name: String, of text: String) -> [String: String] {
        var values: [String: String] = [:]
        var isWanted = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = trimmed(line)
            if line.hasPrefix("["), line.hasSuffix("]") {
                isWanted = trimmed(line.dropFirst().dropLast()) == name
            } else if isWanted, !line.hasPrefix("#"), !line.hasPrefix(";"), let equals = line.firstIndex(of: "=") {
                let value = trimmed(line[line.index(after: equals)...])
                if !value.isEmpty { values[trimmed(line[..<equals]).lowercased()] = value }
            }
        }
        return values
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private static func trimmed(_ text: String) -> String { trimmed(text[...]) }
}
