public import OCI
public import Registry
public import Retention

/// What the janitor goes by, all of which a reload of the configuration may change.
public struct JanitorSettings: Sendable {
    public var namespaces: Namespaces
    public var cache: CacheLimits
    /// By the key of the namespace.
    public var caches: [RepositoryName: CacheLimits]
    public var retention: RetentionPolicy
    /// By the key of the namespace.
    public var retentions: [RepositoryName: RetentionPolicy]
    /// Between two rounds of a job.
    public var interval: Duration
    /// The same for single jobs.
    public var intervals: [JanitorJob: Duration]
    /// Between two rounds of scrub; nil for none by itself.
    public var scrubInterval: Duration?
    /// Bytes a second that scrub reads.
    public var scrubRate: Int64
    /// Seconds for which what nothing refers to is left alone.
    public var grace: Int64

    public init(
        namespaces: Namespaces, cache: CacheLimits, caches: [RepositoryName: CacheLimits] = [:],
        retention: RetentionPolicy = RetentionPolicy(), retentions: [RepositoryName: RetentionPolicy] = [:],
        interval: Duration, intervals: [JanitorJob: Duration] = [:], scrubInterval: Duration?, scrubRate: Int64,
        grace: Int64
    ) {
        self.namespaces = namespaces
        self.cache = cache
        self.caches = caches
        self.retention = retention
        self.retentions = retentions
        self.interval = interval
        self.intervals = intervals
        self.scrubInterval = scrubInterval
        self.scrubRate = scrubRate
        self.grace = grace
    }

    /// Between two rounds of a job; nil where it does not run by itself.
    func interval(of job: JanitorJob) -> Duration? {
        switch job {
        case .eviction: isUnlimited ? nil : intervals[job] ?? interval
        case .collection: intervals[job] ?? interval
        case .retention: hasRetention ? intervals[job] ?? interval : nil
        case .scrub: scrubInterval
        }
    }

    var hasRetention: Bool { !retention.rules.isEmpty || retentions.values.contains { !$0.rules.isEmpty } }

    var isUnlimited: Bool { cache.isUnlimited && caches.values.allSatisfy(\.isUnlimited) }
}
