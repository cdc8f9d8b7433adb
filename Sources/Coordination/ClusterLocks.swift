internal import NIOConcurrencyHelpers

/// One at a time in the whole cluster: those of this process in the order in which they came, and one of them at a time
/// beside the other replicas.
///
/// Where nobody can be asked, the order holds within this process alone, and ``Held/isShared`` says so: what is protected
/// must be safe without, as every write to a content-addressed store is; the lock spares work and makes outcomes orderly.
public struct ClusterLocks: Sendable {
    /// What the holder has in hand while it works.
    public struct Held: Sendable {
        /// Nil while nobody can be asked.
        public let lease: Lease?
        fileprivate let watch: LeaseWatch?

        /// Whether other replicas respect it.
        public var isShared: Bool { lease != nil }

        /// To be called before what must not happen twice is written.
        /// - Throws: ``CoordinationError/Code/leaseLost`` if the lease may be somebody else's by now.
        public func check() throws(CoordinationError) {
            guard watch?.isLost != true else {
                throw CoordinationError(.leaseLost, "another replica may have taken over; the request can be repeated")
            }
        }
    }

    private let coordination: (any Coordination)?
    private let local = KeyedLock<CoordinationKey>()
    private let life: @Sendable () -> Duration
    private let patience: Duration
    private let clock: LeaseClock

    /// - Parameters:
    ///   - coordination: Nil where there is one replica: then the order within the process is all there is to keep.
    ///   - life: After so long without renewal a holder is taken to be dead. Renewed three times within it. Asked for each
    ///     lock.
    ///   - patience: How long others are waited for.
    public init(
        _ coordination: (any Coordination)? = nil, life: @escaping @Sendable () -> Duration = { .seconds(15) },
        patience: Duration = .seconds(60),
        clock: LeaseClock = .system
    ) {
        self.coordination = coordination
        self.life = life
        self.patience = patience
        self.clock = clock
    }

    /// Whether there is one replica, as far as it was told: then the order within the process is the only one.
    public var isAlone: Bool { coordination.map { !$0.isConfigured } ?? true }

    /// Runs `body` while nobody else holds the key.
    ///
    /// - Throws: ``CoordinationError/Code/busy`` through `translate` if others do for too long.
    public func withLock<Value: Sendable, Failure: Error>(
        _ key: CoordinationKey, translate: (CoordinationError) -> Failure,
        _ body: (Held) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        // Who takes nobody's place waits for its own kind as long as that takes.
        let localPatience = patience > .zero ? patience : .seconds(7 * 24 * 3600)
        let clock = clock
        return try await local.withLock(
            key, patience: localPatience, sleep: { await clock.sleep($0) },
            else: translate(CoordinationError(.busy, "another request is at work on the same; try again"))
        ) { () async throws(Failure) in
            guard let coordination else { return try await body(Held(lease: nil, watch: nil)) }
            let granted: Granted?
            do throws(CoordinationError) {
                granted = try await acquire(key, coordination)
            } catch {
                throw translate(error)
            }
            guard let granted else { return try await body(Held(lease: nil, watch: nil)) }
            return try await hold(granted, coordination, body)
        }
    }

    /// Runs `body` if nobody else in the cluster holds the key, or nobody can be asked.
    ///
    /// - Returns: Nil if another replica holds it.
    public func withLockIfFree<Value: Sendable>(
        _ key: CoordinationKey, _ body: (Held) async -> Value
    ) async -> Value? {
        await local.withLock(key) {
            guard let coordination else { return await body(Held(lease: nil, watch: nil)) }
            let asked = clock.now()
            let life = life()
            let answer = try? await coordination.acquire(key, owner: LeaseOwner(), note: [], life: life)
            switch answer {
            case nil: return await body(Held(lease: nil, watch: nil))
            case .taken: return nil
            case .granted(let lease):
                return await hold(Granted(lease: lease, asked: asked, life: life), coordination, body)
            }
        }
    }

    private struct Granted {
        let lease: Lease
        let asked: Duration
        let life: Duration
    }

    private func hold<Value: Sendable, Failure: Error>(
        _ granted: Granted, _ coordination: any Coordination, _ body: (Held) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let lease = granted.lease
        let watch = LeaseWatch(clock: clock, life: granted.life, from: granted.asked)
        let result = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await watch.keep(lease, coordination) }
            let result: Result<Value, Failure>
            do throws(Failure) {
                result = .success(try await body(Held(lease: lease, watch: watch)))
            } catch {
                result = .failure(error)
            }
            tasks.cancelAll()
            return result
        }
        await coordination.giveBack(lease)
        return try result.get()
    }

    /// Nil where nobody can be asked.
    private func acquire(
        _ key: CoordinationKey, _ coordination: any Coordination
    ) async throws(CoordinationError) -> Granted? {
        let owner = LeaseOwner()
        let life = life()
        let end = clock.now() + patience
        var pause = Duration.milliseconds(5)
        while true {
            let asked = clock.now()
            do throws(CoordinationError) {
                switch try await coordination.acquire(key, owner: owner, note: [], life: life) {
                case .granted(let lease): return Granted(lease: lease, asked: asked, life: life)
                case .taken(_, let left): pause = min(pause, left)
                }
            } catch {
                // Also one that answers what nobody understands: no work may depend on Redis (decision 11).
                return nil
            }
            guard clock.now() < end, !Task.isCancelled else {
                throw CoordinationError(.busy, "another replica is at work on the same; try again")
            }
            // Jitter: two who wait must not ask in step for ever.
            await clock.sleep(pause * Double.random(in: 0.5...1.5))
            pause = min(pause * 2, .milliseconds(100))
        }
    }
}
