internal import NIOConcurrencyHelpers
internal import Registry
internal import Threads

/// When jobs begin by themselves.
extension Janitor {
    /// Wishes for what is due, and for what is pressing.
    func watch() async {
        while !Task.isCancelled {
            let (wishes, pause) = state.withLockedValue { state in (due(&state), Self.pause(state)) }
            for wish in wishes { queue(wish.job).yield(wish) }
            // Cancelled: the loop ends.
            try? await (pause == Self.look.unlimited ? Beat.next(pause) : Task.sleep(for: pause))
        }
    }

    private static func pause(_ state: State) -> Duration {
        let isLimited =
            !state.settings.cache.isUnlimited || state.settings.caches.values.contains { !$0.isUnlimited }
        guard !isLimited, let next = state.due.values.min() else { return look.limited }
        return min(max(ContinuousClock.now.duration(to: next), look.limited), look.unlimited)
    }

    private func due(_ state: inout State) -> [Wish] {
        var wishes: [Wish] = []
        let now = ContinuousClock.now
        for job in JanitorJob.allCases {
            guard let interval = state.settings.interval(of: job) else {
                state.due[job] = nil
                continue
            }
            guard state.due[job] == nil else { continue }
            // Eviction soon after the start, to know what there is; not at once, when clients come back. The others are
            // spread, so that many servers that started together do not collect together.
            state.due[job] =
                now
                + (job == .eviction
                    ? min(interval, .seconds(1)) * Double.random(in: 1...10) : interval * Double.random(in: 0.2...1))
        }
        guard !state.isPaused else { return [] }
        for (job, time) in state.due where time <= now {
            wishes.append(Wish(job: job, cause: .schedule))
            let interval = state.settings.interval(of: job) ?? state.settings.interval
            state.due[job] = now + interval * Double.random(in: 0.9...1.1)
        }
        if wishes.isEmpty, !state.isPressed, isPressing(state) {
            state.isPressed = true
            wishes.append(Wish(job: .eviction, cause: .pressure))
        }
        return wishes
    }

    private func isPressing(_ state: State) -> Bool {
        if let time = state.notBefore, ContinuousClock.now < time { return false }
        if let high = state.settings.cache.highMark, let cached = cachedBytes(state), cached > high { return true }
        let free = freeBytes() ?? .max
        return state.settings.cache.lack(free: free) > 0
            || state.settings.caches.values.contains { limits in
                if limits.lack(free: free) > 0 { return true }
                // What fills brought is not told apart by namespace: counted anew when it may be too much for this one.
                guard let size = limits.maxSize, let high = limits.highMark, let cached = cachedBytes(state) else {
                    return false
                }
                return cached > high && filledSinceCounted(state) > size / 20
            }
    }

    func cachedBytes(_ state: State) -> Int64? {
        state.counted.map { $0.bytes + filledSinceCounted(state) }
    }

    private func filledSinceCounted(_ state: State) -> Int64 {
        state.counted.map { registry.filledBytes - $0.filled } ?? 0
    }
}
