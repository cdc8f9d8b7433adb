/// What a `Range` header asks for (RFC 9110, section 14), before the size of the content is known.
public enum ByteRange: Hashable, Sendable {
    /// `bytes=first-last`, `bytes=first-`.
    case from(Int64, through: Int64?)
    /// `bytes=-length`: the last bytes.
    case suffix(Int64)

    /// Parses a `Range` header of one range. Anything else (several ranges, other units, bad syntax) is nil: the server
    /// may then answer with the whole content, which RFC 9110 allows for every `Range`.
    public init?(header: some StringProtocol) {
        let text = Substring(header).utf8.drop { $0 == UInt8(ascii: " ") }
        let unit = "bytes="
        guard text.count > unit.utf8.count,
            text.prefix(unit.utf8.count).elementsEqual(unit.utf8, by: { ($0 | 0x20) == ($1 | 0x20) })
        else { return nil }
        let set = text.dropFirst(unit.utf8.count)
        guard let dash = set.firstIndex(of: UInt8(ascii: "-")) else { return nil }
        let first = Self.trimmed(set[..<dash])
        let last = Self.trimmed(set[set.index(after: dash)...])
        if first.isEmpty {
            guard let length = Self.number(last) else { return nil }
            self = .suffix(length)
        } else {
            guard let start = Self.number(first) else { return nil }
            if last.isEmpty {
                self = .from(start, through: nil)
            } else {
                guard let end = Self.number(last) else { return nil }
                self = .from(start, through: end)
            }
        }
    }

    /// The bytes meant, of content of `size` bytes; nil if none of it is (status 416).
    public func resolved(size: Int64) -> Range<Int64>? {
        switch self {
        case .from(let first, let last):
            // One that ends before it begins may be ignored or rejected (RFC 9110, section 14.2); who sends it has made a
            // mistake and should hear of it.
            guard first < size, first <= last ?? first else { return nil }
            // `last` may be Int64.max: add only after clamping.
            return first..<(min(last ?? size - 1, size - 1) + 1)
        case .suffix(let length):
            guard length > 0, size > 0 else { return nil }
            return max(0, size - length)..<size
        }
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text.drop { $0 == UInt8(ascii: " ") }
        while text.last == UInt8(ascii: " ") { text.removeLast() }
        return text
    }

    private static func number(_ text: Substring.UTF8View) -> Int64? {
        guard !text.isEmpty, text.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        // More digits than Int64 holds: beyond any content, and to be answered as such.
        return Int64(Substring(text)) ?? Int64.max
    }
}
