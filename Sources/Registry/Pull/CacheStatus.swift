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
    /// Seconds that a hit was still fresh for; negative where it was served although it no longer was.
    public var timeToLive: Int64?

    public init(
        forward: Forward? = nil, isStored: Bool = false, isCollapsed: Bool = false, timeToLive: Int64? = nil
    ) {
        self.forward = forward
        self.isStored = isStored
        self.isCollapsed = isCollapsed
        self.timeToLive = timeToLive
    }

    public static let hit = CacheStatus()

    /// The field's value.
    public var field: String {
        guard let forward else { return timeToLive.map { "entrepot; hit; ttl=\($0)" } ?? "entrepot; hit" }
        return "entrepot; fwd=\(forward.rawValue)" + (isStored ? "; stored" : "") + (isCollapsed ? "; collapsed" : "")
    }
}

/// Content with the story of how it was come by.
public struct Served<Content: Sendable>: Sendable {
    public var content: Content
    public var status: CacheStatus
    /// For `Warning: 299`: why this is not what the upstream says now; nil if it is.
    public var warning: String?
    /// Seconds since an upstream last confirmed it, for `Age`; nil where nothing had to be confirmed.
    public var age: Int64?

    public init(_ content: Content, _ status: CacheStatus, warning: String? = nil, age: Int64? = nil) {
        self.content = content
        self.status = status
        self.warning = warning
        self.age = age
    }
}
