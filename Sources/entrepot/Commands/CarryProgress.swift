import NIOConcurrencyHelpers

/// Counts bytes that are carried, and tells how far that is.
final class CarryProgress: Sendable {
    private let progress: ScrubProgress
    private let total: Int64
    private let done = NIOLockedValueBox<Int64>(0)

    /// - Parameter total: Bytes.
    init(isShown: Bool, total: Int64) {
        progress = ScrubProgress(isShown: isShown)
        self.total = total
    }

    func add(_ bytes: Int) {
        let done = done.withLockedValue { done in
            done += Int64(bytes)
            return done
        }
        progress.show(done, total)
    }
}
