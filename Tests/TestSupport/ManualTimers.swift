internal import NIOConcurrencyHelpers
public import Upstream

/// Time that stands still until a test moves it.
public final class ManualTimers: Sendable {
    private struct Sleeper {
        let due: Duration
        let length: Duration
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Duration = .zero
        var lastID = 0
        var sleepers: [Int: Sleeper] = [:]
        var watchers: [(length: Duration, count: Int, continuation: CheckedContinuation<Void, Never>)] = []

        func count(_ length: Duration) -> Int { sleepers.values.count { $0.length == length } }
    }

    private let state = NIOLockedValueBox(State())

    public init() {}

    public var timers: Timers {
        Timers(now: { self.state.withLockedValue { $0.now } }, sleep: { await self.sleep($0) })
    }

    /// Moves time and wakes whom it concerns.
    public func pass(_ duration: Duration) {
        let due = state.withLockedValue { state in
            state.now += duration
            let due = state.sleepers.filter { $0.value.due <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// How many tasks are asleep.
    public var sleeping: Int { state.withLockedValue { $0.sleepers.count } }

    /// Returns when `count` tasks have gone to sleep for this long and are still asleep.
    public func asleep(for length: Duration, count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLockedValue { state in
                if state.count(length) >= count { return true }
                state.watchers.append((length, count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func sleep(_ length: Duration) async {
        let id = state.withLockedValue { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let woken = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
                    guard !Task.isCancelled, length > .zero else { return [continuation] }
                    state.sleepers[id] = Sleeper(due: state.now + length, length: length, continuation: continuation)
                    let met = state.watchers.filter { state.count($0.length) >= $0.count }
                    state.watchers = state.watchers.filter { state.count($0.length) < $0.count }
                    return met.map(\.continuation)
                }
                for continuation in woken { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { $0.sleepers.removeValue(forKey: id) }?.continuation.resume()
        }
    }
}
