import NIOConcurrencyHelpers
import OCI

/// Lets all who want the same thing at the same time wait for one piece of work. The work is owned by
/// ``BackgroundWork``: the first to ask may leave without harm to the others.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Outcome = Result<Value, RegistryError>
    private typealias Waiters = [Int: CheckedContinuation<Outcome, Never>]

    private struct State {
        /// Those who wait, by what they wait for.
        var flights: [Key: Waiters] = [:]
        var lastWaiter = 0
    }

    private let background: BackgroundWork
    private let state = NIOLockedValueBox(State())

    init(background: BackgroundWork) {
        self.background = background
    }

    /// The result of `work` for `key`, begun now or already under way.
    ///
    /// - Returns: `isCollapsed` is true when somebody else had begun it.
    func value(
        _ key: Key, _ work: @escaping @Sendable () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> (value: Value, isCollapsed: Bool) {
        let waiter = state.withLockedValue { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let isCollapsed = NIOLockedValueBox(false)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Cancellation is looked at under the lock: the handler below takes it too, before or after.
                let isFirst: Bool? = state.withLockedValue { state in
                    guard !Task.isCancelled else { return nil }
                    let isFirst = state.flights[key] == nil
                    state.flights[key, default: [:]][waiter] = continuation
                    return isFirst
                }
                switch isFirst {
                case nil: continuation.resume(returning: .failure(.interrupted))
                case true?: begin(key, work)
                case false?: isCollapsed.withLockedValue { $0 = true }
                }
            }
        } onCancel: {
            let continuation = state.withLockedValue { $0.flights[key]?.removeValue(forKey: waiter) }
            continuation?.resume(returning: .failure(.interrupted))
        }
        return (try outcome.get(), isCollapsed.withLockedValue { $0 })
    }

    /// Begins `work` for `key` unless it is under way; nobody waits for it.
    func begin(unlessRunning key: Key, _ work: @escaping @Sendable () async throws(RegistryError) -> Value) {
        let isFirst = state.withLockedValue { state in
            guard state.flights[key] == nil else { return false }
            state.flights[key] = [:]
            return true
        }
        if isFirst { begin(key, work) }
    }

    private func begin(_ key: Key, _ work: @escaping @Sendable () async throws(RegistryError) -> Value) {
        let isStarted = background.start { [self] in
            do throws(RegistryError) {
                land(key, .success(try await work()))
            } catch {
                land(key, .failure(error))
            }
        }
        if !isStarted { land(key, .failure(.overloaded)) }
    }

    private func land(_ key: Key, _ outcome: Outcome) {
        let waiters = state.withLockedValue { $0.flights.removeValue(forKey: key) } ?? [:]
        for continuation in waiters.values { continuation.resume(returning: outcome) }
    }
}
