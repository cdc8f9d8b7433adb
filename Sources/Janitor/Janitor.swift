internal import Cluster
public import Coordination
internal import FoundationEssentials
public import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
internal import OCI
public import Registry
public import ServiceLifecycle
public import Storage
internal import Threads

/// Keeps the store within its bounds, by itself and by request, with pauses, so that clients hardly notice. What makes room
/// waits for nothing else.
public final class Janitor: Service {
    /// A wish that a job be done, and who waits for it.
    struct Wish {
        let job: JanitorJob
        let cause: JanitorReport.Cause
        /// Bytes for which somebody found no room.
        var needed: Int64?
        /// Grows with every wish.
        var number: Int64 = 0
        var waiter: ReportWaiter?
    }

    struct State {
        var settings: JanitorSettings
        var isPaused = false
        var lastNumber: Int64 = 0
        /// Who waits for a job to be done.
        var waiting = 0
        var running: Set<JanitorJob> = []
        var progress: (done: Int64, total: Int64, start: ContinuousClock.Instant)?
        var reports: [JanitorJob: JanitorReport] = [:]
        var due: [JanitorJob: ContinuousClock.Instant] = [:]
        /// Bytes that came from upstreams when they were last counted, and what fills had brought until then.
        var counted: (bytes: Int64, filled: Int64)?
        /// Whether a wish of pressure waits.
        var isPressed = false
        /// When room may be looked for again, after there was none.
        var notBefore: ContinuousClock.Instant?
    }

    private static let mostWaiting = 64
    /// Between two looks at whether limits are reached, and at whether a round is due where there are none: a server that
    /// rests shall not wake for nothing.
    static let look = (limited: Duration.seconds(2), unlimited: Duration.seconds(10))
    /// What who finds the disk full waits for at most.
    private static let patience: Duration = .seconds(10)
    /// After a round that was to make room and could not.
    private static let rest: Duration = .seconds(30)

    let store: RegistryStore
    let registry: Registry
    let freeBytes: @Sendable () -> Int64?
    private let isServingBesides: @Sendable (Int) -> Bool
    /// Whether other processes that are not known by the coordination work on the store.
    let hasNeighbours: @Sendable () -> Bool
    /// Given by a test in the place of the replica's.
    private let given: (any Coordination)?
    let leases: ClusterLocks
    let facts = ManifestFacts()
    let memory = CollectionMemory()
    let logger: Logger
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    let state: NIOLockedValueBox<State>
    private let lanes = Lane.allCases.map { _ in
        AsyncStream<Wish>.makeStream(bufferingPolicy: .bufferingOldest(mostWaiting))
    }

    /// Jobs that wait for each other; those of different lanes do not.
    private enum Lane: Int, CaseIterable {
        case room, order, scrub

        init(_ job: JanitorJob) {
            switch job {
            case .eviction: self = .room
            case .collection, .retention: self = .order
            case .scrub: self = .scrub
            }
        }
    }

    /// - Parameters:
    ///   - freeBytes: What the file system of the store has left; nil if it cannot be asked.
    ///   - isServing: Whether there are clients who would notice, besides so many that wait for a job; then jobs make pauses.
    ///   - hasNeighbours: Whether there may be other processes on the store without a coordination: then what could be relied on
    ///     there is removed as collection does it, which is safe beside them.
    ///   - coordination: With the other processes that work on the store; nil for the replica's.
    ///   - now: Seconds since 1970.
    public init(
        store: RegistryStore, registry: Registry, settings: JanitorSettings,
        freeBytes: @escaping @Sendable () -> Int64?, isServing: @escaping @Sendable (Int) -> Bool = { _ in false },
        hasNeighbours: @escaping @Sendable () -> Bool = { false }, coordination: (any Coordination)? = nil,
        logger: Logger, now: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.registry = registry
        self.freeBytes = freeBytes
        isServingBesides = isServing
        self.hasNeighbours = hasNeighbours
        self.logger = logger
        self.now = now
        state = NIOLockedValueBox(State(settings: settings))
        given = coordination
        leases = ClusterLocks(coordination ?? registry.replica.leases, patience: .zero)
    }

    public func adjust(_ settings: JanitorSettings) { state.withLockedValue { $0.settings = settings } }

    /// While paused nothing runs by itself; what is asked for by command does, and what makes room on a full disk.
    public func pause(_ isPaused: Bool) { state.withLockedValue { $0.isPaused = isPaused } }

    public var status: JanitorStatus {
        let state = state.withLockedValue { $0 }
        return JanitorStatus(
            isPaused: state.isPaused, cachedBytes: cachedBytes(state), freeBytes: freeBytes(),
            jobs: JanitorJob.allCases.map { job in
                JanitorStatus.Entry(
                    job: job, isRunning: state.running.contains(job),
                    nextRunSeconds: state.isPaused
                        ? nil : state.due[job].map { max(0, (ContinuousClock.now - $0).components.seconds * -1) },
                    progress: job == .scrub ? Self.progress(state) : nil,
                    last: state.reports[job])
            })
    }

    /// Runs a job when those before it are done.
    ///
    /// - Returns: What it did; nil if the server stops, or too many wait.
    public func run(_ job: JanitorJob) async -> JanitorReport? {
        let waiter = ReportWaiter()
        state.withLockedValue { $0.waiting += 1 }
        defer { state.withLockedValue { $0.waiting -= 1 } }
        guard case .enqueued = queue(job).yield(Wish(job: job, cause: .command, waiter: waiter)) else { return nil }
        return await waiter.report
    }

    /// Whether there are clients who would notice. Who waits for a job would, if it made pauses for their sake.
    var isServing: @Sendable () -> Bool {
        { [state, isServingBesides] in isServingBesides(state.withLockedValue { $0.waiting }) }
    }

    /// Has a job run when those before it are done.
    ///
    /// - Returns: The number of the round, by which its report is known; nil if the server stops, or too many wait.
    public func begin(_ job: JanitorJob) -> Int64? {
        let number = state.withLockedValue { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        guard case .enqueued = queue(job).yield(Wish(job: job, cause: .command, number: number)) else { return nil }
        return number
    }

    /// Makes room on a full disk.
    ///
    /// - Parameter bytes: How much is needed at least.
    /// - Returns: Whether there is some.
    public func makeRoom(for bytes: Int64) async -> Bool {
        let mayTry = state.withLockedValue { state in
            guard let time = state.notBefore else { return true }
            return ContinuousClock.now >= time
        }
        guard mayTry else { return false }
        let waiter = ReportWaiter()
        guard
            case .enqueued = queue(.eviction).yield(
                Wish(job: .eviction, cause: .pressure, needed: bytes, waiter: waiter))
        else { return false }
        let report = await withTaskGroup { group in
            // Who waits has clients that wait.
            group.addTask {
                try? await Task.sleep(for: Self.patience)
                waiter.resume(nil)
            }
            defer { group.cancelAll() }
            return await waiter.report
        }
        return report?.counts["freedBytes"] ?? 0 > 0
    }

    func queue(_ job: JanitorJob) -> AsyncStream<Wish>.Continuation {
        lanes[Lane(job).rawValue].continuation
    }

    private static func progress(_ state: State) -> JanitorStatus.Progress? {
        guard let progress = state.progress else { return nil }
        let elapsed = Double((ContinuousClock.now - progress.start).components.seconds)
        let left = Double(progress.total - progress.done) / Double(max(progress.done, 1)) * elapsed
        return JanitorStatus.Progress(
            doneBytes: progress.done, totalBytes: progress.total,
            secondsLeft: progress.done > 0 && left < 1e9 ? Int64(left) : nil)
    }

    // MARK: Running

    public func run() async throws {
        // Its own threads, as looking through a store blocks them: what serves clients must not wait for that.
        let pool = ThreadPool(limit: 4, name: "janitor")
        let executor = ThreadPoolExecutor(pool, niceness: 10)
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for lane in self.lanes {
                    group.addTask(executorPreference: executor) { await self.work(lane.stream) }
                }
                if self.isAlone { await self.dropSweeps() }
                await self.watch()
                // Who comes from now on is told so at once.
                for lane in self.lanes { lane.continuation.finish() }
                group.cancelAll()
            }
        }
        for lane in lanes { for await wish in lane.stream { wish.waiter?.resume(nil) } }
    }

    /// What the process before this one decided and did not come to do keeps pushes of the same content waiting.
    private func dropSweeps() async {
        do throws(StorageError) {
            for name in try await store.sweeps() { try await store.dropSweep(name) }
        } catch {
            logger.warning("what a dead collector left was not dropped; a round does", metadata: ["error": "\(error)"])
        }
    }

    /// With the other processes that work on the store; nil where there are none.
    var coordination: (any Coordination)? {
        given ?? (registry.replica.leases.isConfigured ? registry.replica.leases : nil)
    }

    private func work(_ wishes: AsyncStream<Wish>) async {
        for await wish in wishes {
            let report = await carryOut(wish)
            wish.waiter?.resume(report)
        }
    }

    private func carryOut(_ wish: Wish) async -> JanitorReport? {
        // Nobody waits for room any more.
        if wish.needed != nil, wish.waiter?.isResumed == true { return nil }
        let settings = state.withLockedValue { state in
            state.running.insert(wish.job)
            return state.settings
        }
        var report = JanitorReport(
            job: wish.job, cause: wish.cause, number: wish.number,
            started: Date(timeIntervalSince1970: TimeInterval(now())).ISO8601Format())
        let start = ContinuousClock.now
        do {
            let outcome = try await leased(wish, settings)
            (report.counts, report.findings) = (outcome.counts, outcome.findings)
            if let failure = outcome.failure { (report.outcome, report.error) = (.failed, failure) }
        } catch is CancellationError {
            report.outcome = .interrupted
        } catch let error as CoordinationError where error.code == .busy {
            report.outcome = .elsewhere
            report.error = "another replica is at it"
        } catch let error as SkippedJobError {
            report.outcome = .elsewhere
            report.error = error.rawValue
        } catch {
            report.outcome = .failed
            report.error = "\(error)"
        }
        let elapsed = (ContinuousClock.now - start).components
        report.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds / 1_000_000_000_000_000) / 1000
        finish(report, wish)
        return report
    }

    private func finish(_ finished: JanitorReport, _ wish: Wish) {
        var report = finished
        report = state.withLockedValue { state in
            state.running.remove(report.job)
            if report.job == .scrub { state.progress = nil }
            report.number = max(report.number, state.reports[report.job]?.number ?? 0)
            // What another replica did is not told in the place of what this one did.
            if report.outcome != .elsewhere || wish.cause == .command || state.reports[report.job] == nil {
                state.reports[report.job] = report
            }
            if wish.cause == .pressure {
                state.isPressed = false
                // Nothing more can go: not to be looked for all the time.
                if report.counts["freedBytes"] ?? 0 == 0 { state.notBefore = .now + Self.rest }
            }
            return report
        }
        Counter(
            label: "entrepot_janitor_runs_total",
            dimensions: [("task", report.job.rawValue), ("outcome", report.outcome.rawValue)]
        ).increment()
        if report.outcome == .elsewhere, wish.cause != .command {
            return logger.debug(
                "another replica does the janitor's job, or just did", metadata: ["job": "\(report.job.rawValue)"])
        }
        guard report.outcome == .done else {
            logger.warning(
                "the janitor's job came to no end",
                metadata: ["job": "\(report.job.rawValue)", "error": "\(report.error ?? report.outcome.rawValue)"])
            return
        }
        Gauge(label: "entrepot_janitor_last_success_timestamp_seconds", dimensions: [("task", report.job.rawValue)])
            .record(now())
        var metadata: Logger.Metadata = ["job": "\(report.job.rawValue)", "cause": "\(report.cause.rawValue)"]
        for (name, count) in report.counts { metadata[name] = "\(count)" }
        logger.info("the janitor has done a job", metadata: metadata)
    }
}
