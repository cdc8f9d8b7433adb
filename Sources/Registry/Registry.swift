public import Cluster
internal import Coordination
public import Logging
internal import NIOCore
internal import OCI
public import Storage
public import Threads
public import Upstream

/// The registry's use cases: what to serve, from where, and what to keep. Holds no connection and no request; every
/// call stands alone.
public struct Registry: Sendable {
    let store: RegistryStore
    let fills: Fills
    let health: UpstreamHealth
    /// Upload sessions; here for those who sweep them.
    public let uploads: Uploads
    let background: BackgroundWork
    let limits: Adjustable<PushLimits>
    /// Memory for manifests that arrive, from clients or upstreams.
    public let manifestRoom: ByteBudget
    /// Held while tags, manifests and grants of one repository are changed by clients.
    let writers: WriterOrder<RepositoryName>
    /// This server among those that share the store.
    public let replica: Replica
    let hot: HotContent
    let manifestFetches: SingleFlight<ManifestKey, FetchedManifest>
    /// The same among replicas.
    let flights: SharedFlights
    let vouchers: SingleFlight<BlobKey, Int64?>
    let absent = AbsentManifests()
    let sizes = KnownSizes()
    let manifestReadings: SingleFlight<RepositoryName, Void>
    let completions: PullCompletions
    let pullTimes = PullTimes()
    let misses: Misses
    /// Local repositories that are marked as such in the store.
    let keptWhole = RememberedRepositories()
    let tagLists: SingleFlight<RepositoryName, [Tag]>
    private let gatherers = ThreadPoolExecutor(ThreadPool(limit: 2, name: "lists"))
    let recentTagLists = RecentTagLists()
    let logger: Logger
    /// Seconds since 1970.
    let now: @Sendable () -> Int64

    struct ManifestKey: Hashable {
        let repository: RepositoryName
        let reference: Reference
    }

    struct BlobKey: Hashable {
        let repository: RepositoryName
        let digest: Digest
    }

    /// - Parameter hotLifetime: How long what was served is served again from memory; up to twice as long.
    public init(
        store: RegistryStore, fills: Fills, background: BackgroundWork, health: UpstreamHealth,
        pool: ThreadPool = .shared, limits: PushLimits, manifestRoom: ByteBudget,
        hotLifetime: Duration = .seconds(2), replica: Replica = Replica(), logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.fills = fills
        self.health = health
        self.logger = logger
        self.now = now
        self.background = background
        self.limits = Adjustable(limits)
        self.manifestRoom = manifestRoom
        hot = HotContent(lifetime: TimeAmount(hotLifetime))
        self.replica = replica
        let locks = replica.locks
        writers = WriterOrder(locks) { CoordinationKey(.repository, $0.value) }
        uploads = Uploads(
            store: store, room: store.isRemote ? PushRoom() : PushRoom(maker: { await fills.makeRoom($0) }),
            background: background, pool: pool, limits: self.limits,
            locks: WriterOrder(locks) { CoordinationKey(.upload, "\($0.repository)/\($0.id)") }, now: now)
        flights = SharedFlights(replica, .manifest)
        manifestFetches = SingleFlight(background: background)
        manifestReadings = SingleFlight(background: background)
        vouchers = SingleFlight(background: background)
        tagLists = SingleFlight(background: background)
        completions = PullCompletions(background: background, timers: health.timers)
        misses = Misses(background: background)
    }

    func upstreams(_ repository: Repository, _ rank: Urgency.Rank = .question) -> UpstreamList {
        UpstreamList(
            upstreams: repository.namespace.upstreams, health: health,
            errand: UpstreamErrand(repository: repository.name, urgency: Urgency(rank)),
            isOffline: repository.namespace.isOffline, background: background, logger: logger)
    }

    /// Stores what came from an upstream, if the store can be written to: if not, it is served all the same.
    ///
    /// - Returns: Whether it is stored.
    func storing(
        _ write: (RegistryStore) async throws(StorageError) -> Void
    ) async throws(RegistryError) -> Bool {
        for isLast in [false, true] {
            do throws(StorageError) {
                try await write(store)
                return true
            } catch {
                guard error.isUnwritable else { throw RegistryError(error) }
                if !isLast, error.code == .noSpace, await fills.makeRoom(0) { continue }
                logger.warning(
                    "not stored, as the store cannot be written to, or is full and no room could be made",
                    metadata: ["error": "\(error)"])
                return false
            }
        }
        return false
    }

    /// Has an answer gathered from many files elsewhere than on an event loop, where it would hold up everybody else's.
    func gathered<Value, Failure: Error>(
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await withTaskExecutorPreference(gatherers, operation: work)
    }

    /// Translates what the store throws; the cause is for the log.
    func stored<Value>(
        _ ask: (RegistryStore) async throws(StorageError) -> Value
    ) async throws(RegistryError) -> Value {
        do throws(StorageError) {
            return try await ask(store)
        } catch {
            throw RegistryError(error)
        }
    }
}
