public import Access
public import Retention

/// Everything the operator decides, checked as a whole.
///
/// A value of this type is complete and consistent: keys are spelled right, ranges hold, files it names could be read
/// when it was loaded, secrets are present. It is immutable: a reload builds a new value and swaps it in.
/// `ConfigurationLoader` makes it from TOML files; the initialisers carry the documented defaults.
public struct Configuration: Sendable, Equatable {
    /// Requests being answered at once; one more is answered with 503 and `Retry-After`.
    public let maxConcurrentRequests: Int
    public internal(set) var server: ServerSection
    public internal(set) var storage: StorageSection
    /// Where replicas agree on who does what; nil where there is one.
    public let lockStore: RedisSection?
    /// Where replicas share small values; nil where each has its own.
    public let cacheStore: RedisSection?
    public let cluster: ClusterSection?
    public let log: LogSection
    public let fills: FillsSection
    public let uploads: UploadsSection
    public let cache: CacheSection
    public let janitor: JanitorSection
    public let resilience: ResilienceSection
    public internal(set) var observability: ObservabilitySection
    public let limits: LimitsSection
    public internal(set) var notificationEndpoints: [NotificationEndpointSection]
    public internal(set) var auditSinks: [AuditSinkSection]
    public let spoolers: [SpoolerSection]
    public let seeds: [SeedSection]
    public let admin: AdminSection?
    public let token: TokenSection?
    /// No upstream of any repository is asked.
    public let isOffline: Bool
    /// Sorted by id; no two have the same user name.
    public let identities: [IdentitySection]
    /// Asked before the repositories' own.
    public let accessPolicy: AccessPolicy?
    /// Of all local repositories, beside their own rules.
    public let retentionPolicy: RetentionPolicy
    /// `global.default_access`; nil leaves it to ``defaultAccess``.
    public let declaredAccess: DefaultAccess?
    /// Sorted by name; names are unique, and so are the namespaces they claim.
    public let repositories: [RepositorySection]

    public init(
        maxConcurrentRequests: Int = 1024,
        server: ServerSection = ServerSection(),
        storage: StorageSection = StorageSection(),
        lockStore: RedisSection? = nil,
        cacheStore: RedisSection? = nil,
        cluster: ClusterSection? = nil,
        log: LogSection = LogSection(),
        fills: FillsSection = FillsSection(),
        uploads: UploadsSection = UploadsSection(),
        cache: CacheSection = CacheSection(),
        janitor: JanitorSection = JanitorSection(),
        resilience: ResilienceSection = ResilienceSection(),
        observability: ObservabilitySection = ObservabilitySection(),
        limits: LimitsSection = LimitsSection(),
        notificationEndpoints: [NotificationEndpointSection] = [],
        auditSinks: [AuditSinkSection] = [],
        spoolers: [SpoolerSection] = [],
        seeds: [SeedSection] = [],
        admin: AdminSection? = nil,
        token: TokenSection? = nil,
        isOffline: Bool = false,
        identities: [IdentitySection] = [],
        accessPolicy: AccessPolicy? = nil,
        retentionPolicy: RetentionPolicy = RetentionPolicy(),
        declaredAccess: DefaultAccess? = nil,
        repositories: [RepositorySection] = []
    ) {
        self.maxConcurrentRequests = maxConcurrentRequests
        self.server = server
        self.storage = storage
        self.lockStore = lockStore
        self.cacheStore = cacheStore
        self.cluster = cluster
        self.log = log
        self.fills = fills
        self.uploads = uploads
        self.cache = cache
        self.janitor = janitor
        self.resilience = resilience
        self.observability = observability
        self.limits = limits
        self.notificationEndpoints = notificationEndpoints
        self.auditSinks = auditSinks
        self.spoolers = spoolers
        self.seeds = seeds
        self.admin = admin
        self.token = token
        self.isOffline = isOffline
        self.identities = identities
        self.accessPolicy = accessPolicy
        self.retentionPolicy = retentionPolicy
        self.declaredAccess = declaredAccess
        self.repositories = repositories
    }

    /// What holds for repositories that no policy speaks of.
    ///
    /// Where clients cannot be told apart at all, this machine's own users may do everything.
    public var defaultAccess: DefaultAccess {
        if let declaredAccess { return declaredAccess }
        let saysWhoMay =
            !identities.isEmpty || token != nil || server.tls?.clients != nil || accessPolicy != nil
            || repositories.contains { $0.accessPolicy != nil }
        return server.bindAddress.isLoopback && !saysWhoMay ? .open : .reads
    }

    /// Whether everybody may write because nothing is said.
    public var isOpenUnsaid: Bool { declaredAccess == nil && defaultAccess == .open }
}

extension Configuration {
    /// Names of the environment's variables that hold passwords.
    public var secretVariables: Set<String> {
        Set(
            repositories.flatMap(\.upstreams).compactMap { upstream in
                guard case .environment(let name) = upstream.credentials?.source else { return nil }
                return name
            })
    }
}
