/// Bytes as text (RFC 4648).
public struct Base64: Sendable {
    /// What may stand at the end of a text that is read.
    public enum Padding: Sendable {
        case required, optional, none
    }

    /// Section 4, padded; one text for each value.
    public static let standard = Base64(last: "+/", padding: .required)
    /// Section 4 without padding, as the hashes of Argon2 have it; one text for each value.
    public static let unpadded = Base64(last: "+/", padding: .none)
    /// Section 5 without padding (RFC 7515, section 2); one text for each value.
    public static let url = Base64(last: "-_", padding: .none)
    /// Section 4 as many readers take it: with or without padding, whatever the bits that are left over.
    public static let lenient = Base64(last: "+/", padding: .optional, takesLeftBits: true)

    private let alphabet: [UInt8]
    private let values: [UInt8]
    private let padding: Padding
    private let takesLeftBits: Bool

    private init(last: String, padding: Padding, takesLeftBits: Bool = false) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(last)".utf8)
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        self.alphabet = alphabet
        self.values = values
        self.padding = padding
        self.takesLeftBits = takesLeftBits
    }

    public func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.underestimatedCount + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> count & 0x3F)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << (6 - count) & 0x3F)]) }
        if padding != .none { while !text.count.isMultiple(of: 4) { text.append(UInt8(ascii: "=")) } }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for characters outside the alphabet, an impossible length, wrong padding, and bits left over that say
    /// something.
    public func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var digits = Array(text)[...]
        let isWhole = digits.count.isMultiple(of: 4)
        if padding == .required, !isWhole { return nil }
        if padding != .none, isWhole {
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits = digits.dropLast() }
        }
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for digit in digits {
            let value = values[Int(digit)]
            guard value != 0xFF else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        guard takesLeftBits || bits & (1 << count - 1) == 0 else { return nil }
        return bytes
    }
}
