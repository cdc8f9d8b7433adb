/// Whom a token is for.
public struct TokenSubject: Hashable, Sendable, CustomStringConvertible {
    /// Who shows no credentials.
    public static let anonymous = TokenSubject(unchecked: "")

    static let maximumLength = 256

    /// The identity's id; empty for the anonymous one.
    public let id: String

    /// Nil for an id that is empty or overlong.
    public init?(_ id: String) {
        guard !id.isEmpty, id.utf8.count <= Self.maximumLength else { return nil }
        self.id = id
    }

    private init(unchecked id: String) { self.id = id }

    public var isAnonymous: Bool { id.isEmpty }

    public var description: String { isAnonymous ? "(anonymous)" : id }
}
