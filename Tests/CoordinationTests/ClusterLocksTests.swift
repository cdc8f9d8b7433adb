import Coordination
import NIOConcurrencyHelpers
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ClusterLocksTests {
    private static let key = CoordinationKey(CoordinationKey.Space("test"), "key")

    /// Nobody answers, ever, or nothing that is understood.
    private struct Nobody: Coordination {
        var gone = CoordinationError(.unavailable, "gone")
        func acquire(_: CoordinationKey, owner: LeaseOwner, note: [UInt8], life: Duration)
            async throws(CoordinationError)
            -> LeaseAnswer
        { throw gone }
        func renew(_: Lease, life: Duration) async throws(CoordinationError) -> Bool { throw gone }
        func release(_: Lease) async throws(CoordinationError) { throw gone }
        func value(_: CoordinationKey) async throws(CoordinationError) -> [UInt8]? { throw gone }
        func store(_: [UInt8], _: CoordinationKey, life: Duration, _: StoreCondition) async throws(CoordinationError)
            -> Bool
        { throw gone }
        func remove(_: CoordinationKey) async throws(CoordinationError) { throw gone }
        func add(_: Int64, to: CoordinationKey, life: Duration) async throws(CoordinationError) -> Int64 {
            throw gone
        }
    }

    private func locked<Value: Sendable>(
        _ locks: ClusterLocks, _ body: (ClusterLocks.Held) async throws(CoordinationError) -> Value
    ) async throws(CoordinationError) -> Value {
        try await locks.withLock(Self.key, translate: { $0 }, body)
    }

    @Test(arguments: [true, false])
    func tenReplicasAndTenTasksOfEachWorkOneAtATime(isShared: Bool) async throws {
        let store: (any Coordination)? = isShared ? MemoryCoordination() : nil
        let replicas = (0..<(isShared ? 10 : 1)).map { _ in ClusterLocks(store) }
        let inside = NIOLockedValueBox((now: 0, most: 0, total: 0))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for locks in replicas {
                for _ in 0..<10 {
                    tasks.addTask {
                        try await locked(locks) { (held) async throws(CoordinationError) in
                            #expect(held.isShared == isShared)
                            try held.check()
                            inside.withLockedValue { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.total + 1) }
                            await Task.yield()
                            inside.withLockedValue { $0.now -= 1 }
                        }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        #expect(inside.withLockedValue { $0 } == (0, 1, replicas.count * 10))
    }

    @Test(arguments: [CoordinationError.Code.unavailable, .unintelligible])
    func whereNobodyCanBeAskedTheWorkIsDoneAndKnowsIt(code: CoordinationError.Code) async throws {
        let nobody = Nobody(gone: CoordinationError(code, "gone"))
        let isShared = try await locked(ClusterLocks(nobody)) { (held) async throws(CoordinationError) in
            try held.check()
            return held.isShared
        }
        #expect(!isShared)
    }

    /// Of who has hung up or is being stopped nothing is sent to Redis any more.
    private struct CancellableStore: Coordination {
        let inner = MemoryCoordination()

        private func look() throws(CoordinationError) {
            if Task.isCancelled { throw CoordinationError(.unavailable, "cancelled") }
        }

        func acquire(_ key: CoordinationKey, owner: LeaseOwner, note: [UInt8], life: Duration)
            async throws(CoordinationError) -> LeaseAnswer
        {
            try look()
            return try await inner.acquire(key, owner: owner, note: note, life: life)
        }
        func renew(_ lease: Lease, life: Duration) async throws(CoordinationError) -> Bool {
            try look()
            return try await inner.renew(lease, life: life)
        }
        func release(_ lease: Lease) async throws(CoordinationError) {
            try look()
            try await inner.release(lease)
        }
        func value(_: CoordinationKey) async throws(CoordinationError) -> [UInt8]? { nil }
        func store(_: [UInt8], _: CoordinationKey, life: Duration, _: StoreCondition) async throws(CoordinationError)
            -> Bool
        { false }
        func remove(_: CoordinationKey) async throws(CoordinationError) {}
        func add(_: Int64, to: CoordinationKey, life: Duration) async throws(CoordinationError) -> Int64 { 0 }
    }

    @Test func whoIsCancelledAtWorkGivesTheLeaseBack() async throws {
        let store = CancellableStore()
        let work = Task {
            try await locked(ClusterLocks(store)) { (_) async throws(CoordinationError) in
                // The client hangs up now.
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        try? await work.value
        let answer = try await store.acquire(Self.key, owner: LeaseOwner(), note: [], life: .seconds(600))
        guard case .granted = answer else {
            Issue.record("the lease is held still")
            return
        }
    }

    @Test func whoWaitsTooLongIsToldThatOthersAreAtWork() async throws {
        let store = MemoryCoordination()
        _ = try await store.acquire(Self.key, owner: LeaseOwner(), note: [], life: .seconds(600))
        let error = await #expect(throws: CoordinationError.self) {
            try await locked(ClusterLocks(store, patience: .milliseconds(20))) { _ in }
        }
        #expect(error?.code == .busy)
    }

    @Test func aHolderThatSleptThroughItsLifeStopsBeforeItWrites() async throws {
        let time = NIOLockedValueBox(Duration.zero)
        // Renewals never come to their turn, as in a process that was stopped.
        let clock = LeaseClock(
            now: { time.withLockedValue { $0 } },
            sleep: { _ in _ = try? await Task.sleep(for: .seconds(3600)) })
        let store = MemoryCoordination { time.withLockedValue { $0 } }
        let sleeper = ClusterLocks(store, life: { .seconds(15) }, clock: clock)
        let error = await #expect(throws: CoordinationError.self) {
            try await locked(sleeper) { (held) async throws(CoordinationError) in
                try held.check()
                time.withLockedValue { $0 += .seconds(16) }
                // Another takes over meanwhile, and is not harmed by the sleeper's release.
                guard
                    case .granted = try await store.acquire(
                        Self.key, owner: LeaseOwner(), note: [], life: .seconds(600))
                else { throw CoordinationError(.busy, "still held") }
                try held.check()
            }
        }
        #expect(error?.code == .leaseLost)
        guard case .taken = try await store.acquire(Self.key, owner: LeaseOwner(), note: [], life: .seconds(1)) else {
            Issue.record("the sleeper released what is another's")
            return
        }
    }

    @Test func aHolderThatWorksLongKeepsItsLease() async throws {
        let time = NIOLockedValueBox(Duration.zero)
        let renewals = NIOLockedValueBox(0)
        let clock = LeaseClock(
            now: { time.withLockedValue { $0 } },
            sleep: { duration in
                time.withLockedValue { $0 += duration }
                renewals.withLockedValue { $0 += 1 }
                await Task.yield()
            })
        let store = MemoryCoordination { time.withLockedValue { $0 } }
        try await locked(ClusterLocks(store, life: { .seconds(15) }, clock: clock)) {
            (held) async throws(CoordinationError) in
            while renewals.withLockedValue({ $0 }) < 20 { await Task.yield() }
            try held.check()
        }
        #expect(time.withLockedValue { $0 } >= .seconds(100))
    }
}
