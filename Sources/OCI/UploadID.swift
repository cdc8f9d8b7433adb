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
        let high = generator.next() & ~0xF000 | 0x4000
        let low = generator.next() & (1 << 62 - 1) | 1 << 63
        func hex(_ number: UInt64, _ shift: Int, _ digits: Int) -> String {
            let part = String(number >> shift & (1 << (digits * 4) - 1), radix: 16)
            return String(repeating: "0", count: digits - part.count) + part
        }
        value = [hex(high, 32, 8), hex(high, 16, 4), hex(high, 0, 4), hex(low, 48, 4), hex(low, 0, 12)].joined(
            separator: "-")
    }

    public var description: String { value }
}
