/// How an answer came about, for the `Cache-Status` header (RFC 9211).
public struct CacheStatus: Sendable, Equatable {
    /// Why the upstream was asked.
    public enum Forward: String, Sendable {
        /// Nothing was held.
        case miss
        /// What was held needed confirming.
        case stale
        /// Only another part was at hand.
        case partial
    }

    /// Nil for a hit.
    public var forward: Forward?
    /// The upstream's answer is kept.
    public var isStored: Bool
    /// Another request's way to the upstream was shared.
    public var isCollapsed: Bool

    public init(forward: Forward? = nil, isStored: Bool = false, isCollapsed: Bool = false) {
        self.forward = forward
        self.isStored = isStored
        self.isCollapsed = isCollapsed
    }

    public static let hit = CacheStatus()

    /// The field's value.
    public var field: String {
        guard let forward else { return "entrepot; hit" }
        return "entrepot; fwd=\(forward.rawValue)" + (isStored ? "; stored" : "") + (isCollapsed ? "; collapsed" : "")
    }
}

/// Content with the story of how it was come by.
public struct Served<Content: Sendable>: Sendable {
    public var content: Content
    public var status: CacheStatus
    /// For `Warning: 299`: why this is not what the upstream says now; nil if it is.
    public var warning: String?

    public init(_ content: Content, _ status: CacheStatus, warning: String? = nil) {
        self.content = content
        self.status = status
        self.warning = warning
    }
}
