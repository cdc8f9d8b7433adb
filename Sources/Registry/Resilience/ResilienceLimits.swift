/// How long upstreams are waited for, and when they are left alone.
public struct ResilienceLimits: Sendable, Equatable {
    /// Until the head of an answer, from some upstream of a list.
    public var headerTimeout: Duration
    /// When the next upstream is asked alongside one that has not answered yet. Only for questions that cost little.
    public var hedgeDelay: Duration
    /// Failures in a row after which a host is left alone.
    public var breakerFailures: Int
    /// For so long at first; doubled each time up to the longest.
    public var breakerPause: Duration
    public var longestBreakerPause: Duration

    public init(
        headerTimeout: Duration, hedgeDelay: Duration, breakerFailures: Int, breakerPause: Duration,
        longestBreakerPause: Duration = .seconds(120)
    ) {
        self.headerTimeout = headerTimeout
        self.hedgeDelay = hedgeDelay
        self.breakerFailures = breakerFailures
        self.breakerPause = breakerPause
        self.longestBreakerPause = longestBreakerPause
    }
}
