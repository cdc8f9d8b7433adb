/// A repository name, `<name>` of the distribution specification: path components of lower-case letters and digits,
/// separated inside by `.`, `_`, `__` or dashes, and joined by `/`.
public struct RepositoryName: Hashable, Sendable {
    /// Clients and servers hold a host and a name within 255 characters; longer names are refused.
    public static let maximumLength = 255

    public let value: String

    /// Parses a name; nil if the grammar (distribution specification, "Pulling manifests") does not allow it.
    public init?(_ text: String) {
        self.init(text[...])
    }

    public init?(_ text: Substring) {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength,
            bytes.withContiguousStorageIfAvailable({ Self.isWellFormed($0) }) ?? Self.isWellFormed(bytes)
        else { return nil }
        self.value = String(text)
    }

    private init(unchecked value: String) {
        self.value = value
    }

    /// The components between the slashes; never empty.
    public var components: [Substring] { value.split(separator: "/") }

    /// This name with `prefix` before it; nil if that grows too long.
    public func prefixed(by prefix: RepositoryName) -> RepositoryName? {
        let joined = prefix.value + "/" + value
        return joined.utf8.count <= Self.maximumLength ? RepositoryName(unchecked: joined) : nil
    }

    /// What follows `prefix` and a slash; nil if this name does not begin with them.
    public func dropping(prefix: RepositoryName) -> RepositoryName? {
        guard hasPrefix(prefix), value.utf8.count > prefix.value.utf8.count else { return nil }
        return RepositoryName(unchecked: String(value.utf8.dropFirst(prefix.value.utf8.count + 1)) ?? "")
    }

    /// Whether this is `prefix` or lies below it, on a component boundary.
    public func hasPrefix(_ prefix: RepositoryName) -> Bool {
        guard value.utf8.starts(with: prefix.value.utf8) else { return false }
        return value.utf8.count == prefix.value.utf8.count
            || value.utf8.dropFirst(prefix.value.utf8.count).first == UInt8(ascii: "/")
    }

    private static func isWellFormed(_ text: some Sequence<UInt8>) -> Bool {
        // What was read last, and how many separators of which kind since the last letter or digit.
        var separator: UInt8 = UInt8(ascii: "/")
        var run = 0
        for byte in text {
            switch byte {
            case _ where byte.isLowerCaseAlphanumeric:
                separator = 0
                run = 0
            case UInt8(ascii: "/"), UInt8(ascii: "."):
                guard separator == 0 else { return false }
                separator = byte
            case UInt8(ascii: "_"):
                guard separator == 0 || (separator == byte && run < 2) else { return false }
                separator = byte
                run += 1
            case UInt8(ascii: "-"):
                guard separator == 0 || separator == byte else { return false }
                separator = byte
            default:
                return false
            }
        }
        return separator == 0
    }
}

extension RepositoryName: CustomStringConvertible {
    public var description: String { value }
}
