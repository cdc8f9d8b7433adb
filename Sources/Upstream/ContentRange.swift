/// The `Content-Range` of a 206 answer (RFC 9110, section 14.4).
package struct ContentRange: Hashable, Sendable {
    package let bytes: ClosedRange<Int64>
    /// Nil where the server says `*`.
    package let total: Int64?

    /// Parses `bytes first-last/total`; nil for everything else.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last,
            last < Int64.max
        else { return nil }
        if parts[1] == "*" {
            total = nil
        } else {
            guard let number = Self.number(parts[1]), last < number else { return nil }
            total = number
        }
        bytes = first...last
    }

    package var length: Int64 { bytes.upperBound - bytes.lowerBound + 1 }

    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }
}
