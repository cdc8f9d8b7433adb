/// `[janitor]`: when what runs by itself runs.
public struct JanitorSection: Sendable, Equatable {
    /// Between two rounds, give or take a tenth.
    public let interval: Seconds
    /// For so long what nothing refers to is left alone.
    public let grace: Seconds

    public init(interval: Seconds = .seconds(3600), grace: Seconds = .seconds(86_400)) {
        self.interval = interval
        self.grace = grace
    }
}
