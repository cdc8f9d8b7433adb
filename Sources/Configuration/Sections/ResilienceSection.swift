/// `[resilience]`: how long upstreams are waited for, and when they are left alone.
public struct ResilienceSection: Sendable, Equatable {
    /// Until the head of an answer, from some upstream.
    public let headerTimeout: Seconds
    /// When the next upstream is asked alongside one that has not answered.
    public let hedgeDelay: Seconds
    /// Failures in a row after which a host is left alone.
    public let breakerFailures: Int
    /// For so long at first.
    public let breakerPause: Seconds

    public init(
        headerTimeout: Seconds = .seconds(5),
        hedgeDelay: Seconds = .seconds(1),
        breakerFailures: Int = 5,
        breakerPause: Seconds = .seconds(10)
    ) {
        self.headerTimeout = headerTimeout
        self.hedgeDelay = hedgeDelay
        self.breakerFailures = breakerFailures
        self.breakerPause = breakerPause
    }
}
