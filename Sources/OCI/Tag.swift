/// A tag, `<reference>` of the distribution specification as a tag: at most 128 characters.
public struct Tag: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: String

    /// Parses `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
    public init?(_ text: String) {
        self.init(text[...])
    }

    public init?(_ text: Substring) {
        guard (1...128).contains(text.utf8.count) else { return nil }
        for (position, byte) in text.utf8.enumerated() {
            switch byte {
            case _ where byte.isLowerCaseAlphanumeric, UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                continue
            case UInt8(ascii: "."), UInt8(ascii: "-"): if position == 0 { return nil }
            default: return nil
            }
        }
        self.value = String(text)
    }

    public var description: String { value }

    /// Tags are listed in lexical order of their bytes ("Content discovery").
    public static func < (left: Tag, right: Tag) -> Bool { left.value.utf8.lexicographicallyPrecedes(right.value.utf8) }

    /// The tag under which registries without the referrers API keep the referrers of a digest ("Referrers tag schema").
    public init(referrersOf digest: Digest) {
        self.value = "\(digest.algorithm.rawValue)-\(digest.hex.prefix(64))"
    }
}
