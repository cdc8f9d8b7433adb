/// What may be done with a resource: `pull`, `push`, `delete`, or `*` for everything.
public struct ScopeAction: Hashable, Sendable, CustomStringConvertible {
    public static let pull = ScopeAction(unchecked: "pull")
    public static let push = ScopeAction(unchecked: "push")
    public static let delete = ScopeAction(unchecked: "delete")
    public static let everything = ScopeAction(unchecked: "*")

    static let maximumLength = 32

    public let text: String

    /// Nil for anything but lower-case letters, or `*`.
    public init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength,
            text == "*" || bytes.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        else { return nil }
        self.text = String(text)
    }

    private init(unchecked text: String) { self.text = text }

    public var description: String { text }
}
