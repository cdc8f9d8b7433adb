/// What a manifest is asked for by.
public enum Reference: Hashable, Sendable, CustomStringConvertible {
    case tag(Tag)
    case digest(Digest)

    /// Anything with a colon is meant as a digest: tags cannot hold one.
    public init?(_ text: String) {
        self.init(text[...])
    }

    public init?(_ text: Substring) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let digest = Digest(text) else { return nil }
            self = .digest(digest)
        } else {
            guard let tag = Tag(text) else { return nil }
            self = .tag(tag)
        }
    }

    public var description: String {
        switch self {
        case .tag(let tag): tag.value
        case .digest(let digest): digest.description
        }
    }
}
