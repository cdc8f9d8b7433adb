import Hashing
import NIOConcurrencyHelpers
import OCI

/// How far a fill has come: one lock around a watermark and those who wait for it to move. It carries no bytes; the
/// spool file does.
final class FillProgress: Sendable {
    enum Phase: Sendable {
        /// No upstream has answered yet.
        case asking
        case streaming
        case verified
        /// The disk is full: what is released is all that is kept, and hashed so far. Readers get the rest themselves.
        case overflowed(DigestHasher)
        case failed(RegistryError)
    }

    struct Snapshot: Sendable {
        var phase: Phase = .asking
        /// Size of the whole in bytes; nil before the upstream has answered, or if it does not say.
        var size: Int64?
        /// Bytes from the start that readers may have.
        var released: Int64 = 0
    }

    private struct State {
        var snapshot = Snapshot()
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    private let state = NIOLockedValueBox(State())

    var snapshot: Snapshot { state.withLockedValue { $0.snapshot } }

    /// Waits until `isEnough` holds of the snapshot, or the fill fails.
    ///
    /// - Throws: The fill's error, or that the wait was cancelled.
    func wait(until isEnough: @Sendable (Snapshot) -> Bool) async throws(RegistryError) -> Snapshot {
        while true {
            let snapshot = self.snapshot
            if case .failed(let error) = snapshot.phase { throw error }
            if isEnough(snapshot) { return snapshot }
            if Task.isCancelled { throw .interrupted }
            await change(isEnough)
        }
    }

    /// Changes the snapshot and wakes everyone.
    func update(_ change: (inout Snapshot) -> Void) {
        let waiters = state.withLockedValue { state in
            change(&state.snapshot)
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns after the next update, at once if the condition already holds, or when cancelled.
    private func change(_ isEnough: @Sendable (Snapshot) -> Bool) async {
        let id = state.withLockedValue { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLockedValue { state in
                    if case .failed = state.snapshot.phase { return false }
                    guard !Task.isCancelled, !isEnough(state.snapshot) else { return false }
                    state.waiters[id] = continuation
                    return true
                }
                if !mayWait { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
