public import OCI

/// Which images of a store are meant: `NAME[:TAG][@DIGEST]`, a tag with `*` in it, or `PREFIX/` for everything below.
public enum ImagePattern: Hashable, Sendable, CustomStringConvertible {
    case one(ImageName)
    /// Tags of a repository that the text matches, in which `*` stands for anything.
    case tags(RepositoryName, String)
    case below(RepositoryName)

    public init?(_ text: String) {
        if text.hasSuffix("/") {
            guard let name = RepositoryName(String(text.dropLast())) else { return nil }
            self = .below(name)
        } else if text.contains("*") {
            guard let colon = text.lastIndex(of: ":"), let name = RepositoryName(String(text[..<colon])) else {
                return nil
            }
            let pattern = String(text[text.index(after: colon)...])
            guard Tag(pattern.replacing("*", with: "_")) != nil else { return nil }
            self = .tags(name, pattern)
        } else {
            guard let name = ImageName(text) else { return nil }
            self = .one(name)
        }
    }

    public var description: String {
        switch self {
        case .one(let name): name.description
        case .tags(let name, let pattern): "\(name):\(pattern)"
        case .below(let prefix): "\(prefix)/"
        }
    }

    /// Whether a tag is what a pattern with `*` means.
    package static func matches(_ tag: Tag, _ pattern: String) -> Bool { matches(tag.value, pattern) }

    static func matches(_ text: some StringProtocol, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        var rest = Substring(text)
        guard let first = parts.first, let last = parts.last, rest.hasPrefix(first) else { return false }
        guard parts.count > 1 else { return rest == first }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}
