/// One round of one collector: tells its marks from those of any other.
public struct CollectionRound: Hashable, Sendable {
    private let number: UInt64

    public init() { number = .random(in: 1 ... .max) }

    private init(number: UInt64) { self.number = number }

    /// Of a mark that does not say.
    static let unknown = CollectionRound(number: 0)

    init(_ name: Substring) { number = UInt64(name, radix: 16) ?? 0 }

    /// Sixteen hexadecimal digits.
    var name: String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
