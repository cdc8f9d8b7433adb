/// The word that opens the admin API. Never printed.
public struct AdminToken: Sendable, CustomStringConvertible, CustomReflectable {
    private let bytes: [UInt8]

    /// Shorter ones can be guessed.
    public static let shortest = 16

    /// Nil for a token that is too short, or that a header cannot carry.
    public init?(_ text: String) {
        bytes = Array(text.utf8)
        guard bytes.count >= Self.shortest, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    }

    /// Whether the value of an `Authorization` header shows it; takes as long whatever it holds.
    func isShown(by header: String?) -> Bool {
        guard let header, header.utf8.count == bytes.count + 7, header.prefix(7).lowercased() == "bearer " else {
            return false
        }
        return zip(header.utf8.dropFirst(7), bytes).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    public var description: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
