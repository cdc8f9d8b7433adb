/// Names an upload session within its repository: `<reference>` of the blob upload endpoints.
///
/// Those begun here are UUIDs; others are taken as long as they are one harmless path component.
public struct UploadID: Hashable, Sendable, CustomStringConvertible {
    public let value: String

    /// Parses 1 to 64 letters, digits and dashes.
    public init?(_ text: some StringProtocol) {
        guard (1...64).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-"),
            text.utf8.allSatisfy({
                $0.isLowerCaseAlphanumeric || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || $0 == UInt8(ascii: "-")
            })
        else { return nil }
        value = String(text)
    }

    /// A new random UUID (RFC 9562, version 4), so that nobody guesses the session of another client.
    public init() {
        var generator = SystemRandomNumberGenerator()
        self.init(high: generator.next(), low: generator.next(), version: 4)
    }

    /// A new UUID (RFC 9562, version 8), one half random and the other what `mark` makes of that, by which it is known
    /// again whom it was given to.
    public init(markedBy mark: (UInt64) -> UInt64) {
        var generator = SystemRandomNumberGenerator()
        let random: UInt64 = generator.next() & ~0xF000 | 0x8000
        self.init(high: random, low: mark(random), version: 8)
    }

    /// Whether `mark` made it; nil for one that has no mark.
    public func isMarked(by mark: (UInt64) -> UInt64) -> Bool? {
        let digits = value.filter { $0 != "-" }
        guard value.utf8.count == 36, digits.utf8.count == 32, digits.dropFirst(12).first == "8",
            let high = UInt64(digits.prefix(16), radix: 16)
        else { return nil }
        return UploadID(high: high, low: mark(high), version: 8) == self
    }

    private init(high: UInt64, low: UInt64, version: UInt64) {
        let high = high & ~0xF000 | version << 12
        let low = low & (1 << 62 - 1) | 1 << 63
        func hex(_ number: UInt64, _ shift: Int, _ digits: Int) -> String {
            let part = String(number >> shift & (1 << (digits * 4) - 1), radix: 16)
            return String(repeating: "0", count: digits - part.count) + part
        }
        value = [hex(high, 32, 8), hex(high, 16, 4), hex(high, 0, 4), hex(low, 48, 4), hex(low, 0, 12)].joined(
            separator: "-")
    }

    public var description: String { value }
}
