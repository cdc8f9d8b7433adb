import DistributionAPI
import NIOConcurrencyHelpers

/// Wishes for a reload. Those that come while one is under way are met together by the next.
final class ReloadQueue: Sendable {
    /// Why somebody wants it.
    enum Cause: String, Sendable {
        case files = "files changed"
        case signal = "SIGHUP"
        case command = "command"
    }

    typealias Waiter = (cause: Cause, continuation: CheckedContinuation<ReloadReport?, Never>)

    private struct State {
        var waiters: [Waiter] = []
        var isClosed = false
    }

    private static let mostWaiters = 100

    /// One each time that somebody may be waiting.
    let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let state = NIOLockedValueBox(State())

    init() {
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Returns when the configuration has been read anew since the call; nil if it will not be, because the server stops,
    /// too many are waiting, or the files that changed are known as they are.
    func request(_ cause: Cause) async -> ReloadReport? {
        await withCheckedContinuation { continuation in
            let isWaiting = state.withLockedValue { state in
                guard !state.isClosed, state.waiters.count < Self.mostWaiters else { return false }
                state.waiters.append((cause, continuation))
                return true
            }
            if isWaiting { signal.yield() } else { continuation.resume(returning: nil) }
        }
    }

    /// All who wait, in the order of their coming. Each must be resumed.
    func take() -> [Waiter] {
        state.withLockedValue { state in
            defer { state.waiters = [] }
            return state.waiters
        }
    }

    /// Sends everybody away, now and later.
    func close() {
        state.withLockedValue { $0.isClosed = true }
        for waiter in take() { waiter.continuation.resume(returning: nil) }
    }
}
