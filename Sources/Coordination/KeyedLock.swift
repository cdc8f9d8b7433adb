internal import Metrics
internal import NIOConcurrencyHelpers
internal import NIOCore

/// Lets one task at a time work on what a key names; the others wait in the order in which they came. Within
/// one process; ``ClusterLocks`` orders replicas as well.
public final class KeyedLock<Key: Hashable & Sendable>: Sendable {
    /// Those who wait, by key; a key that is absent is free.
    private let waiters = NIOLockedValueBox<[Key: [CheckedContinuation<Bool, Never>]]>([:])
    private let waits: Timer?

    /// - Parameter name: Under which it is told how long somebody waited; nil keeps no count.
    public init(name: StaticString? = nil) {
        waits = name.map { Timer(label: "entrepot_lock_wait_seconds", dimensions: [("lock", "\($0)")]) }
    }

    /// Runs `body` when the key is free. A task that is cancelled waits all the same, and it is for `body` to notice.
    public func withLock<Value, Failure: Error>(
        _ key: Key, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let began = NIODeadline.now()
        let hadToWait = await withCheckedContinuation { continuation in
            let isFree = waiters.withLockedValue { waiters in
                guard waiters[key] != nil else {
                    waiters[key] = []
                    return true
                }
                waiters[key]?.append(continuation)
                return false
            }
            if isFree { continuation.resume(returning: false) }
        }
        if hadToWait { waits?.recordNanoseconds((NIODeadline.now() - began).nanoseconds) }
        defer { release(key) }
        return try await body()
    }

    private func release(_ key: Key) {
        let next = waiters.withLockedValue { waiters -> CheckedContinuation<Bool, Never>? in
            guard waiters[key]?.isEmpty == false else {
                waiters[key] = nil
                return nil
            }
            return waiters[key]?.removeFirst()
        }
        next?.resume(returning: true)
    }
}
