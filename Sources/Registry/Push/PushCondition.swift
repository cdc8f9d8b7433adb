public import OCI

/// What a client says of what its push is to take the place of (RFC 9110, sections 13.1.1 and 13.1.2).
public struct PushCondition: Sendable, Equatable {
    public enum Names: Sendable, Equatable {
        /// `*`
        case anything
        case digests(Set<Digest>)

        fileprivate func contains(_ digest: Digest) -> Bool {
            switch self {
            case .anything: true
            case .digests(let digests): digests.contains(digest)
            }
        }
    }

    /// `If-Match`: one of these must be there; nil if nothing is said.
    public let match: Names?
    /// `If-None-Match`: none of these may be there; nil if nothing is said.
    public let noneMatch: Names?

    public init(match: Names? = nil, noneMatch: Names? = nil) {
        self.match = match
        self.noneMatch = noneMatch
    }

    var saysSomething: Bool { match != nil || noneMatch != nil }

    /// - Parameter current: What is there; nil if nothing is.
    func holds(_ current: Digest?) -> Bool {
        guard let current else { return match == nil }
        return match?.contains(current) ?? true && noneMatch?.contains(current) != true
    }
}
