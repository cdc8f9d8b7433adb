public import OCI

/// What of a cache stays whatever its limits say: a digest, or a pattern of `repository:tag` in which `*` stands for any
/// text, slashes included.
public struct PinnedContent: Sendable, Equatable {
    public enum Meaning: Sendable, Equatable {
        case digest(Digest)
        case tags(repository: String, tag: String)
    }

    public static let longest = 1000

    public let text: String
    public let meaning: Meaning

    public init?(_ text: String) {
        self.text = text
        if let digest = Digest(text) {
            meaning = .digest(digest)
            return
        }
        guard text.utf8.count <= Self.longest, let colon = text.lastIndex(of: ":") else { return nil }
        let repository = String(text[..<colon])
        let tag = String(text[text.index(after: colon)...])
        guard Self.isPlausible(repository, "/_.-"), Self.isPlausible(tag, "_.-") else { return nil }
        meaning = .tags(repository: repository, tag: tag)
    }

    /// Nil for a pattern.
    public var digest: Digest? { if case .digest(let digest) = meaning { digest } else { nil } }

    public func matches(_ repository: RepositoryName, _ tag: Tag) -> Bool {
        guard case .tags(let names, let tags) = meaning else { return false }
        return Self.matches(names, repository.value) && Self.matches(tags, tag.description)
    }

    private static func isPlausible(_ pattern: String, _ marks: String) -> Bool {
        !pattern.isEmpty
            && pattern.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: "*") || marks.utf8.contains(byte)
            }
    }

    /// In time of at most the product of both lengths: after a mismatch only the last star takes more.
    private static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern.utf8)
        let text = Array(text.utf8)
        var (at, position) = (0, 0)
        var star: (at: Int, position: Int)?
        while position < text.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, position)
                at += 1
            } else if at < pattern.count, pattern[at] == text[position] {
                (at, position) = (at + 1, position + 1)
            } else if let last = star {
                star = (last.at, last.position + 1)
                (at, position) = (last.at + 1, last.position + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
