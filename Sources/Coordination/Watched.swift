internal import NIOConcurrencyHelpers

/// A value that some change and others wait for. No bytes go through it: what is watched is how far something has come.
public final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    private let state: NIOLockedValueBox<State>

    public init(_ value: Value) {
        state = NIOLockedValueBox(State(value: value))
    }

    public var value: Value { state.withLockedValue { $0.value } }

    /// Changes the value and wakes everyone.
    public func update(_ change: (inout Value) -> Void) {
        let waiters = state.withLockedValue { state in
            change(&state.value)
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns after the next change, at once if `isEnough` holds already, or when cancelled: for who looks again then.
    public func change(unless isEnough: @Sendable (Value) -> Bool) async {
        let id = state.withLockedValue { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWait = state.withLockedValue { state in
                    guard !Task.isCancelled, !isEnough(state.value) else { return false }
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
