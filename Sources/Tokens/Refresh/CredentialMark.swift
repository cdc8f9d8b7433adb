import TextEncodings

/// Tells one password of a subject from another, without holding it: the SHA-256 of how it is stored, which is salted.
public struct CredentialMark: Hashable, Sendable, Codable {
    private let text: String

    /// - Parameter stored: The password as it is stored: its hash with its salt.
    public init(of stored: String) {
        text = Base64.url.encode(OpenSSL.sha256(Array("entrepot refresh token\0\(stored)".utf8)))
    }

    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
