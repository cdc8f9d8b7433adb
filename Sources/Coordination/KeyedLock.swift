internal import Metrics
internal import NIOConcurrencyHelpers
internal import NIOCore

/// Lets one task at a time work on what a key names; the others wait in the order in which they came. Within
/// one process; ``ClusterLocks`` orders replicas as well.
public final class KeyedLock<Key: Hashable & Sendable>: Sendable {
    /// Of one who has to wait.
    private enum Place {
        /// It is about to wait.
        case taken
        case waiting(CheckedContinuation<Bool, Never>)
        /// It is its turn.
        case called
    }

    private struct State {
        /// Those who wait, by key; a key that is absent is free.
        var queues: [Key: [UInt64]] = [:]
        var places: [UInt64: Place] = [:]
        var last: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let waits: Timer?

    /// - Parameter name: Under which it is told how long somebody waited; nil keeps no count.
    public init(name: StaticString? = nil) {
        waits = name.map { Timer(label: "entrepot_lock_wait_seconds", dimensions: [("lock", "\($0)")]) }
    }

    /// Runs `body` when the key is free. A task that is cancelled waits all the same, and it is for `body` to notice.
    public func withLock<Value, Failure: Error>(
        _ key: Key, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        if let number = enter(key) { await timed { _ = await turn(number) } }
        defer { release(key) }
        return try await body()
    }

    /// Runs `body` when the key is free, if that is soon enough.
    ///
    /// - Parameters:
    ///   - patience: For so long at most is waited.
    ///   - sleep: Lets so much time pass, or less when cancelled.
    ///   - failure: What is thrown when it took too long, or the task was cancelled before it was its turn.
    public func withLock<Value, Failure: Error>(
        _ key: Key, patience: Duration, sleep: @escaping @Sendable (Duration) async -> Void,
        else failure: @autoclosure () -> Failure, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        if let number = enter(key) {
            let isCalled = await timed {
                await withTaskGroup(of: Void.self) { tasks in
                    tasks.addTask {
                        await sleep(patience)
                        self.leave(number, key)
                    }
                    let isCalled = await turn(number)
                    tasks.cancelAll()
                    return isCalled
                }
            }
            guard isCalled else { throw failure() }
        }
        defer { release(key) }
        return try await body()
    }

    private func timed<Value>(_ wait: () async -> Value) async -> Value {
        let began = NIODeadline.now()
        let value = await wait()
        waits?.recordNanoseconds((NIODeadline.now() - began).nanoseconds)
        return value
    }

    /// - Returns: The place in the queue; nil if the key was free, and is the caller's.
    private func enter(_ key: Key) -> UInt64? {
        state.withLockedValue { state in
            guard state.queues[key] != nil else {
                state.queues[key] = []
                return nil
            }
            state.last += 1
            state.queues[key]?.append(state.last)
            state.places[state.last] = .taken
            return state.last
        }
    }

    /// - Returns: Whether it is the turn of who waits at a place, or it has left.
    private func turn(_ number: UInt64) async -> Bool {
        await withCheckedContinuation { continuation in
            let isCalled: Bool? = state.withLockedValue { state in
                switch state.places[number] {
                case .taken:
                    state.places[number] = .waiting(continuation)
                    return nil
                case .called:
                    state.places[number] = nil
                    return true
                case .waiting, nil: return false
                }
            }
            if let isCalled { continuation.resume(returning: isCalled) }
        }
    }

    private func leave(_ number: UInt64, _ key: Key) {
        let place = state.withLockedValue { state -> Place? in
            // Called already: it is for who waited to give it back.
            guard let index = state.queues[key]?.firstIndex(of: number) else { return nil }
            state.queues[key]?.remove(at: index)
            return state.places.removeValue(forKey: number)
        }
        if case .waiting(let continuation)? = place { continuation.resume(returning: false) }
    }

    private func release(_ key: Key) {
        let place = state.withLockedValue { state -> Place? in
            guard state.queues[key]?.isEmpty == false, let number = state.queues[key]?.removeFirst() else {
                state.queues[key] = nil
                return nil
            }
            guard let place = state.places.removeValue(forKey: number) else { return nil }
            if case .taken = place { state.places[number] = .called }
            return place
        }
        if case .waiting(let continuation)? = place { continuation.resume(returning: true) }
    }
}
