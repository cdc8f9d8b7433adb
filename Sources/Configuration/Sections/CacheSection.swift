/// `[cache]` and `[repository."<namespace>".cache]`: how much of what came from upstreams is kept.
public struct CacheSection: Sendable, Equatable {
    /// Nil without limit.
    public let maxSize: DataSize?
    /// Since the last use; nil without limit.
    public let maxAge: Seconds?
    /// What the file system has left; nil without limit.
    public let minFree: DataSize?
    /// Percent of `maxSize` from which on content goes, and down to which.
    public let highWatermark: Int
    public let lowWatermark: Int
    public let pinned: [PinnedContent]

    public init(
        maxSize: DataSize? = nil, maxAge: Seconds? = nil, minFree: DataSize? = nil, highWatermark: Int = 95,
        lowWatermark: Int = 85, pinned: [PinnedContent] = []
    ) {
        self.maxSize = maxSize
        self.maxAge = maxAge
        self.minFree = minFree
        self.highWatermark = highWatermark
        self.lowWatermark = lowWatermark
        self.pinned = pinned
    }
}
