import Access
import Cluster
import Configuration
import CurlClient
import DistributionAPI
import Events
import HTTPServer
import Janitor
import LocalTier
import Logging
import Metrics
import Observability
import Registry
import Storage
import Threads
import Tokens
import Upstream

/// What lives as long as the process: it holds content, connections and what was learnt, and is handed from one
/// ``Snapshot`` to the next. What of it depends on the configuration is adjusted in place by ``adjust(to:)``.
struct LongLivedParts: Sendable {
    /// Where this process keeps files of its own.
    let root: String
    /// Where the content is, as it is told to operators.
    let place: String
    /// Whether the content is elsewhere than this process' own files.
    let isRemote: Bool
    let store: RegistryStore
    let pool: ThreadPool
    let background: BackgroundWork
    let coordination: CoordinationChoice
    let fills: Fills
    let health: UpstreamHealth
    let registry: Registry
    let janitor: Janitor
    let upstreams: LongLivedUpstreamParts
    /// What it remembers follows from the stored hashes, so that it outlives every configuration.
    let passwords: PasswordVerifier
    /// What clients keep after a login.
    let refreshTokens: any RefreshTokenStore
    let readiness = Readiness()
    let limits: ClientLimits
    /// Each is a service.
    let eventEndpoints: [EventEndpoint]
    /// Nil where nobody wants to be told.
    let notifications: Notifications?
    /// Nil where nobody keeps records.
    let audit: AuditLog?
    let probe: StoreProbe
    let reloads = ReloadQueue()
    let status: ServerStatus
    let metrics: MetricsRegistry
    let slowRequests = SlowRequests()
    let certificates = CertificateMetrics()
    let logger: Logger

    /// - Throws: if the store cannot be used.
    init(_ configuration: Configuration, status: ServerStatus, metrics: MetricsRegistry, logger: Logger) async throws {
        place = configuration.storage.place
        limits = ClientLimits(ClientLimits.Settings(configuration.limits))
        pool = ThreadPool(limit: 8, name: "store")
        // Few, as each may take seconds of a processor and much memory; their own, as they must not hold up the store.
        let hashing = ThreadPool(limit: 2, name: "passwords")
        coordination = CoordinationChoice(configuration)
        passwords = PasswordVerifier(
            pool: hashing, shared: VerifiedPasswords(coordination.replica, now: WallClock.seconds))
        background = BackgroundWork()
        let opened = try await OpenedStorage(
            configuration.storage, pool: pool, background: { [background] in background.start($0) })
        if let warning = opened.warning {
            logger.warning("the store is not as it should be", metadata: ["finding": "\(warning)"])
        }
        root = opened.root
        let tier = try LocalTier(
            configuration.storage, of: opened.objects, pool: pool, background: background, logger: Logger(.registry))
        let curl = configuration.notificationEndpoints.isEmpty ? nil : CurlClient()
        eventEndpoints = try configuration.notificationEndpoints.compactMap { section in
            try curl.map { try EventEndpoint(section, root: opened.root, curl: $0) }
        }
        notifications = eventEndpoints.isEmpty ? nil : Notifications(eventEndpoints)
        audit = try AuditLog(configuration.auditSinks, logger: logger)
        let content: any ObjectStore = tier ?? opened.objects
        let objects = ObservedStore(content)
        probe = try StoreProbe(objects, free: opened.freeBytes)
        isRemote = opened.isRemote
        let store = RegistryStore(objects: objects)
        self.store = store
        refreshTokens = StoredRefreshTokens(objects: objects, now: WallClock.seconds)
        let manifestRoom = ByteBudget(limit: configuration.server.maxManifestMemory.bytes)
        upstreams = LongLivedUpstreamParts(
            tokens: TokenCache(
                shared: SealedTokens(coordination.replica, now: WallClock.seconds), now: WallClock.seconds),
            manifestRoom: manifestRoom, logger: Logger(.upstream))
        upstreams.gates.adjust(configuration.caps)
        let spool = try Spool(root: root + "/.entrepot/spool", capacity: configuration.storage.spoolSize)
        fills = Fills(
            store: store, spool: spool,
            background: background, pool: pool, limits: FillLimits(configuration), replica: coordination.replica,
            now: WallClock.seconds, logger: Logger(.registry))
        health = UpstreamHealth(limits: ResilienceLimits(configuration.resilience))
        registry = Registry(
            store: store, fills: fills, background: background, health: health, pool: pool,
            limits: PushLimits(configuration), manifestRoom: manifestRoom, replica: coordination.replica,
            logger: Logger(.registry), now: WallClock.seconds)
        janitor = Janitor(
            store: store, registry: registry, settings: JanitorSettings(configuration, Namespaces([], fallback: nil)),
            freeBytes: opened.freeBytes, isServing: { status.activity?.isServing(besides: $0) ?? false },
            hasNeighbours: { spool.hasNeighbours }, logger: Logger(.janitor), now: WallClock.seconds)
        // What leaves a bucket makes no room on the disk that is full; what lies in front of it may.
        if let tier {
            fills.whenFull { [root, tier] bytes in await tier.makeRoom(for: bytes, at: root) }
        } else if !opened.isRemote {
            fills.whenFull { [janitor] bytes in await janitor.makeRoom(for: bytes) }
        }
        self.status = status
        self.metrics = metrics
        self.logger = logger
        collectMetrics()
    }

    /// Makes the bounds of another configuration hold from now on.
    func adjust(to configuration: Configuration) {
        coordination.adjust(to: configuration)
        fills.adjust(FillLimits(configuration))
        upstreams.gates.adjust(configuration.caps)
        upstreams.manifestRoom.adjust(limit: configuration.server.maxManifestMemory.bytes)
        health.adjust(ResilienceLimits(configuration.resilience))
        registry.reconfigure(PushLimits(configuration))
        limits.adjust(ClientLimits.Settings(configuration.limits))
        LogOutput.adjust(to: LogOutput.Settings(configuration.log))
    }
}
