/// The program that asks, by its own word for itself.
public struct ClientID: Hashable, Sendable, Codable {
    static let maximumLength = 128

    /// Programs that read one credential file: what `docker login` got is also shown by the daemon's containerd and by
    /// BuildKit.
    private static let dockerFamily: Set<String> = ["docker", "containerd-client", "buildkit-client"]

    public let text: String

    /// Nil for an overlong one.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        self.text = text
    }

    /// Whether a refresh token that was given to `other` may be used by this.
    func sharesCredentials(with other: ClientID) -> Bool {
        self == other || Self.dockerFamily.isSuperset(of: [text, other.text])
    }

    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
