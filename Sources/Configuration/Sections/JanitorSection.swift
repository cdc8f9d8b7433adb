/// `[janitor]`: when what runs by itself runs.
public struct JanitorSection: Sendable, Equatable {
    /// Between two rounds of a job, give or take a tenth.
    public let interval: Seconds
    /// For so long what nothing refers to is left alone.
    public let grace: Seconds
    /// `[janitor.eviction]` and the like: between two rounds of that job; nil for ``interval``.
    public let evictionInterval: Seconds?
    public let collectionInterval: Seconds?
    public let retentionInterval: Seconds?
    /// `[janitor.scrub]`: between two rounds; nil for none by itself.
    public let scrubInterval: Seconds?
    /// Bytes a second.
    public let scrubRate: DataSize

    public init(
        interval: Seconds = .seconds(3600), grace: Seconds = .seconds(86_400), evictionInterval: Seconds? = nil,
        collectionInterval: Seconds? = nil, retentionInterval: Seconds? = nil, scrubInterval: Seconds? = nil,
        scrubRate: DataSize = .mebibytes(50)
    ) {
        self.interval = interval
        self.grace = grace
        self.evictionInterval = evictionInterval
        self.collectionInterval = collectionInterval
        self.retentionInterval = retentionInterval
        self.scrubInterval = scrubInterval
        self.scrubRate = scrubRate
    }
}
