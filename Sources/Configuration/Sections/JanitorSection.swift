/// `[janitor]`: when what runs by itself runs.
public struct JanitorSection: Sendable, Equatable {
    /// Between two rounds, give or take a tenth.
    public let interval: Seconds
    /// For so long what nothing refers to is left alone.
    public let grace: Seconds
    /// Between two rounds of scrub; nil for none by itself.
    public let scrubInterval: Seconds?
    /// Bytes a second.
    public let scrubRate: DataSize

    public init(
        interval: Seconds = .seconds(3600), grace: Seconds = .seconds(86_400), scrubInterval: Seconds? = nil,
        scrubRate: DataSize = .mebibytes(50)
    ) {
        self.scrubInterval = scrubInterval
        self.scrubRate = scrubRate
        self.interval = interval
        self.grace = grace
    }
}
