/// A registry as tokens know it: their audience, and `service` of challenges and requests.
public struct ServiceName: Hashable, Sendable, CustomStringConvertible {
    public static let maximumLength = 256

    public let text: String

    /// Nil for what is empty, overlong, or could not stand between quotes in a header: other characters than printable
    /// ASCII without `"` and `\`.
    public init?(_ text: String) {
        guard (1...Self.maximumLength).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        else { return nil }
        self.text = text
    }

    public var description: String { text }
}
