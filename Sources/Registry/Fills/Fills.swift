public import Cluster
internal import Hashing
public import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
internal import Observability
public import Storage
public import Threads
internal import Tracing
public import Upstream

/// All fills under way: one for each digest.
public final class Fills: Sendable {
    struct Running {
        let fill: Fill
        /// The repositories that get a grant when the fill is verified: each had its own upstream vouch for the digest.
        var beneficiaries: Set<RepositoryName>
    }

    struct State {
        var limits: FillLimits
        var running: [Digest: Running] = [:]
        /// Upstreams that sent wrong bytes for a digest, until somebody sends the right ones.
        var liars: [Digest: Set<String>] = [:]
        /// True sizes, in bytes, of blobs of which a manifest said that they are larger.
        var overstated: [Digest: Int64] = [:]
        var storedBytes: Int64 = 0
    }

    let store: RegistryStore
    let spool: Spool
    private let background: BackgroundWork
    private let replica: Replica
    private let peers: PeerClient
    private let executor: ThreadPoolExecutor
    private let timers: Timers
    let logger: Logger
    let state: NIOLockedValueBox<State>
    let farRanges: Slots
    /// More do not even wait.
    private static let mostWaiting = 1024
    /// One for each fill that is at work.
    private let places: ByteBudget
    private let roomMaker = NIOLockedValueBox<RoomMaker?>(nil)

    public init(
        store: RegistryStore, spool: Spool, background: BackgroundWork, pool: ThreadPool, limits: FillLimits,
        timers: Timers = .system, replica: Replica = Replica(),
        now: @escaping @Sendable () -> Int64 = SystemTime.seconds, logger: Logger
    ) {
        self.store = store
        self.spool = spool
        self.background = background
        self.replica = replica
        peers = PeerClient(replica, now: now)
        self.executor = ThreadPoolExecutor(pool)
        state = NIOLockedValueBox(State(limits: limits))
        self.timers = timers
        self.logger = logger
        farRanges = Slots(limits.farRanges)
        places = ByteBudget(limit: limits.concurrent, timers: timers)
    }

    /// From now on asks `maker` where the disk is full.
    public func whenFull(_ maker: @escaping RoomMaker) { roomMaker.withLockedValue { $0 = maker } }

    /// Whether there is room for so many bytes now.
    func makeRoom(_ bytes: Int64) async -> Bool {
        guard let maker = roomMaker.withLockedValue({ $0 }) else { return false }
        return await maker(bytes)
    }

    var storedBytes: Int64 { state.withLockedValue { $0.storedBytes } }

    var limits: FillLimits { state.withLockedValue { $0.limits } }

    /// Takes effect with the next fill; those under way keep the bounds they began with. `farRanges` stays.
    public func adjust(_ limits: FillLimits) {
        state.withLockedValue { $0.limits = limits }
        places.adjust(limit: limits.concurrent)
    }

    /// The fill of `digest` that is under way, for a repository that has been vouched for.
    func joinRunning(_ digest: Digest, for repository: RepositoryName, _ rank: Urgency.Rank) -> FillReader? {
        state.withLockedValue { state in
            guard let running = state.running[digest] else { return nil }
            running.fill.source.upstreams.errand.urgency.raise(to: rank)
            state.running[digest]?.beneficiaries.insert(repository)
            return reader(digest, &state)
        }
    }

    /// Whether a fill of `digest` is under way that `repository` itself began, or was vouched for.
    func isRunning(_ digest: Digest, for repository: RepositoryName) -> Bool? {
        state.withLockedValue { $0.running[digest].map { $0.beneficiaries.contains(repository) } }
    }

    /// Whether the blob was fetched and verified to be smaller than `size`: a manifest that lies must not have it fetched
    /// for every pull.
    func isDisproved(_ size: Int64, _ digest: Digest) -> Bool {
        state.withLockedValue { $0.overstated[digest].map { $0 < size } ?? false }
    }

    /// Notes that the blob has only `size` bytes and is whole.
    func disprove(_ size: Int64, _ digest: Digest) {
        state.withLockedValue { Self.note(overstated: digest, size, &$0) }
    }

    static func note(overstated digest: Digest, _ size: Int64, _ state: inout State) {
        if state.overstated.count > 10_000 { state.overstated = [:] }
        state.overstated[digest] = size
    }

    /// In the order of their digests.
    var underWay: [FillStatus] {
        state.withLockedValue { $0.running }.values.map { running in
            let snapshot = running.fill.progress.snapshot
            return FillStatus(
                digest: running.fill.digest, size: snapshot.size, released: snapshot.released,
                hasReaders: running.fill.hasReaders, repositories: running.beneficiaries.sorted { $0.value < $1.value })
        }.sorted { $0.digest.description < $1.digest.description }
    }

    /// Whether what can wait should.
    var isBusy: Bool { state.withLockedValue { $0.running.count >= max(1, $0.limits.concurrent / 2) } }

    /// Joins the fill of `digest`, beginning it if there is none.
    ///
    /// - Parameter claimedSize: Bytes that a manifest says it has; nil if none is known.
    func join(
        _ digest: Digest, for repository: Repository, from upstreams: UpstreamList, claimedSize: Int64?,
        vouch: @escaping @Sendable () async throws(RegistryError) -> Void
    ) throws(RegistryError) -> (reader: FillReader, isCollapsed: Bool) {
        let (reader, fresh) = state.withLockedValue { state -> (FillReader?, Fill?) in
            if let running = state.running[digest] {
                running.fill.source.upstreams.errand.urgency.raise(to: upstreams.errand.urgency.rank)
                state.running[digest]?.beneficiaries.insert(repository.name)
                return (self.reader(digest, &state), nil)
            }
            guard state.running.count < state.limits.concurrent + Self.mostWaiting else { return (nil, nil) }
            let source = Fill.Source(
                upstreams: upstreams, repository: repository.name, remoteName: repository.remoteName,
                distrusted: state.liars[digest] ?? [],
                claimedSize: claimedSize, vouch: vouch)
            let fill = Fill(
                digest, source, state.limits, timers,
                cluster: clusterPart(digest, claimedSize, state.limits.peerPatience)
            ) {
                [self] bytes in await makeRoom(bytes)
            }
            state.running[digest] = Running(fill: fill, beneficiaries: [repository.name])
            return (self.reader(digest, &state), fill)
        }
        guard let reader else { throw .overloaded }
        if let fresh {
            let isStarted = background.start { [self] in
                // Those who wait for it have joined it: they wait together.
                guard let place = await places.reserve(1, patience: fresh.limits.wait), !fresh.isAbandoned else {
                    return end(fresh, .overloaded)
                }
                await withTaskExecutorPreference(executor) {
                    await traced("fill", attributes: ["entrepot.digest": .string("\(digest)")]) {
                        await runInCluster(fresh)
                    }
                }
                withExtendedLifetime(place) {}
            }
            if !isStarted { end(fresh, .overloaded) }
        }
        return (reader, fresh == nil)
    }

    private func clusterPart(_ digest: Digest, _ claimedSize: Int64?, _ patience: Duration) -> Fill.ClusterPart? {
        let store = store
        let seat = FillSeat(digest, replica, patience: patience) {
            do throws(StorageError) {
                guard let info = try await store.blobInfo(digest) else { return false }
                // A power loss may have left less of it on a disk.
                return store.isRemote || info.size >= claimedSize ?? info.size
            } catch {
                return nil
            }
        }
        return seat.map { seat in
            Fill.ClusterPart(seat: seat, peers: peers) { () async throws(StorageError) in try await store.blob(digest) }
        }
    }

    /// The fill of `digest` for another replica that follows it; nil if this one does not lead it.
    ///
    /// - Returns: `isVouched` says whether an upstream of the repository vouched for it.
    func follow(_ digest: Digest, for repository: RepositoryName) -> (reader: FillReader, isVouched: Bool)? {
        state.withLockedValue { state in
            guard let running = state.running[digest], running.fill.cluster?.seat.isLeading == true,
                let reader = reader(digest, &state)
            else { return nil }
            return (reader, running.beneficiaries.contains(repository))
        }
    }

    private func reader(_ digest: Digest, _ state: inout State) -> FillReader? {
        guard let fill = state.running[digest]?.fill else { return nil }
        fill.addReader()
        return FillReader(fill) { [self] in leave(fill) }
    }

    /// A reader has gone. A fill without readers goes on, unless there are too many of them.
    private func leave(_ fill: Fill) {
        state.withLockedValue { state in
            guard fill.removeReader(), state.running[fill.digest]?.fill === fill else { return }
            let orphans = state.running.values.count { !$0.fill.hasReaders }
            guard orphans > state.limits.orphans else { return }
            // Out of the table at once: whoever comes now begins anew instead of joining what is ending.
            fill.abandon()
            state.running[fill.digest] = nil
        }
    }
}
