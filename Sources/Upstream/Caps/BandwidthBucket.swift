import NIOConcurrencyHelpers

/// Bytes per second for all who share them: a token bucket that holds one second's worth at most. Who takes more than is
/// there makes a debt, and the next ones wait until it is paid.
///
/// There is no task of its own: of those who wait one sleeps until there are tokens again, gives them to whoever is next,
/// and passes the office on when it was its own turn.
final class BandwidthBucket: Sendable {
    private struct State {
        var rate: Int?
        /// Bytes; negative for a debt.
        var available: Double = 0
        var updated: Duration = .zero
        var queue = UpstreamQueue()
        var sizes: [Int: Int] = [:]
        var parked: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Who sleeps for all.
        var watcher: Int?
        var lastID = 0

        /// Somebody to watch when `id` goes, unless somebody else does already; at most one.
        mutating func heir(of id: Int) -> [CheckedContinuation<Void, Never>] {
            guard watcher == nil || watcher == id else { return [] }
            watcher = nil
            return parked.popFirst().map { [$0.value] } ?? []
        }

        mutating func refill(_ now: Duration) {
            guard let rate else { return }
            let passed = max(now - updated, .zero) / .seconds(1)
            available = min(available + passed * Double(rate), Double(rate))
            updated = now
        }
    }

    private enum Step {
        case go
        case sleep(Duration)
        case park
    }

    private let timers: Timers
    private let state = NIOLockedValueBox(State())

    init(timers: Timers) {
        self.timers = timers
    }

    var rate: Int? { state.withLockedValue { $0.rate } }

    /// How many wait.
    var waiting: Int { state.withLockedValue { $0.queue.count } }

    /// nil for no limit: all who wait go on.
    func adjust(_ rate: Int?) {
        let now = timers.now()
        let woken = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
            guard state.rate != rate else { return [] }
            state.refill(now)
            if state.rate == nil { (state.available, state.updated) = (Double(rate ?? 0), now) }
            state.rate = rate
            guard rate == nil else { return [] }
            state.queue = UpstreamQueue()
            state.sizes = [:]
            defer { state.parked = [:] }
            return Array(state.parked.values)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Takes bytes that have arrived already, and lets others pay for them.
    func charge(_ bytes: Int) {
        let now = timers.now()
        state.withLockedValue { state in
            guard state.rate != nil else { return }
            state.refill(now)
            state.available -= Double(bytes)
        }
    }

    /// Takes `bytes`, waiting for its turn; returns early when cancelled.
    func take(_ bytes: Int, _ errand: UpstreamErrand) async {
        let id = state.withLockedValue { state -> Int? in
            guard state.rate != nil, bytes > 0 else { return nil }
            state.refill(timers.now())
            if state.queue.count == 0, state.available > 0 {
                state.available -= Double(bytes)
                state.queue.note(errand.repository)
                return nil
            }
            state.lastID += 1
            state.queue.append(state.lastID, errand)
            state.sizes[state.lastID] = bytes
            return state.lastID
        }
        guard let id else { return }
        while !Task.isCancelled {
            switch step(id) {
            case .go: return
            case .sleep(let duration): await timers.sleep(duration)
            case .park: await park(id)
            }
        }
        leave(id)
    }

    private func step(_ id: Int) -> Step {
        let now = timers.now()
        let (step, woken) = state.withLockedValue { state -> (Step, [CheckedContinuation<Void, Never>]) in
            guard state.queue.contains(id) else { return (.go, state.heir(of: id)) }
            guard let rate = state.rate, state.watcher == nil || state.watcher == id else { return (.park, []) }
            state.watcher = id
            state.refill(now)
            var woken: [CheckedContinuation<Void, Never>] = []
            while state.available > 0, let next = state.queue.next()?.id {
                state.available -= Double(state.sizes.removeValue(forKey: next) ?? 0)
                if let continuation = state.parked.removeValue(forKey: next) { woken.append(continuation) }
            }
            guard state.queue.contains(id) else { return (.go, woken + state.heir(of: id)) }
            // A little more than the debt, or rounding might leave nothing.
            let wait = ((1 - state.available) * 1000 / Double(rate)).rounded(.up)
            return (.sleep(.milliseconds(Int64(wait))), woken)
        }
        for continuation in woken { continuation.resume() }
        return step
    }

    private func park(_ id: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLockedValue { state in
                    // Between the step and now the turn may have come, or the office be vacant.
                    guard !Task.isCancelled, state.queue.contains(id), state.watcher != nil else { return false }
                    state.parked[id] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { $0.parked.removeValue(forKey: id) }?.resume()
        }
    }

    /// Gives up waiting; another one watches if this was the one.
    private func leave(_ id: Int) {
        let heirs = state.withLockedValue { state in
            state.queue.remove(id)
            state.sizes[id] = nil
            return state.heir(of: id)
        }
        for heir in heirs { heir.resume() }
    }
}
