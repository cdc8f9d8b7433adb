import NIOConcurrencyHelpers

/// Tells on standard error how far a scrub is, once a second.
final class ScrubProgress: Sendable {
    private let isShown: Bool
    private let start = ContinuousClock.now
    private let last = NIOLockedValueBox<Int64>(0)

    init(isShown: Bool) {
        self.isShown = isShown
    }

    func show(_ done: Int64, _ total: Int64) {
        guard isShown, total > 0 else { return }
        let elapsed = (ContinuousClock.now - start).components.seconds
        let isDue = last.withLockedValue { last in
            defer { last = elapsed }
            return elapsed > last
        }
        guard isDue else { return }
        let left = Double(total - done) / Double(max(done, 1)) * Double(elapsed)
        StandardError.write("\(done >> 20) of \(total >> 20) MiB, about \(Int(min(left, 1e9))) s left\n")
    }
}
