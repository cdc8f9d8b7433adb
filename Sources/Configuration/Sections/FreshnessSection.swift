/// When a mirror asks its upstreams again about what it holds; part of `[repository."<namespace>"]`.
public struct FreshnessSection: Sendable, Equatable {
    /// After `tag_ttl`: how long a tag is still served at once, while the upstream is asked in the background.
    public let staleWhileRevalidate: Seconds
    /// After `tag_ttl`: how long a tag is served while its upstreams fail; nil without limit.
    public let staleIfError: Seconds?
    /// Tags never move, but for those that match an exclusion.
    public let immutableTags: Bool
    public let immutableTagsExclusions: [TagPattern]
    /// How long "no such manifest" is believed.
    public let negativeTTL: Seconds
    /// Serve what is held although an upstream denies it.
    public let serveOnDenied: Bool

    public init(
        staleWhileRevalidate: Seconds = .seconds(0),
        staleIfError: Seconds? = nil,
        immutableTags: Bool = false,
        immutableTagsExclusions: [TagPattern] = [],
        negativeTTL: Seconds = .seconds(10),
        serveOnDenied: Bool = false
    ) {
        self.staleWhileRevalidate = staleWhileRevalidate
        self.staleIfError = staleIfError
        self.immutableTags = immutableTags
        self.immutableTagsExclusions = immutableTagsExclusions
        self.negativeTTL = negativeTTL
        self.serveOnDenied = serveOnDenied
    }
}
