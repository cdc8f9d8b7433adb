/// Lets work in the background take no more than its share of a processor while clients are served: after each stretch of
/// work a pause of the same length.
struct Pacer {
    private static let stretch: Duration = .milliseconds(5)
    /// Whether anybody is served who would notice.
    private let isServing: @Sendable () -> Bool
    private var start = ContinuousClock.now

    init(isServing: @escaping @Sendable () -> Bool) { self.isServing = isServing }

    /// Without pauses: somebody waits for the work.
    static let hurried = Pacer { false }

    /// Called between two small pieces of work.
    ///
    /// - Throws: `CancellationError` when the work is to end.
    mutating func pace() async throws(CancellationError) {
        guard !Task.isCancelled else { throw CancellationError() }
        let worked = ContinuousClock.now - start
        guard worked >= Self.stretch else { return }
        if isServing() {
            // Cancelled: told by the next call.
            try? await Task.sleep(for: min(worked, Self.stretch * 4))
        } else {
            await Task.yield()
        }
        start = .now
    }
}
