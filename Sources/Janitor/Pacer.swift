/// Lets work in the background take no more than its share of a processor: after each stretch of work a pause of the same
/// length.
struct Pacer {
    private static let stretch: Duration = .milliseconds(5)
    /// Without pauses: somebody waits.
    let isHurried: Bool
    private var start = ContinuousClock.now

    init(isHurried: Bool) { self.isHurried = isHurried }

    /// Called between two small pieces of work.
    ///
    /// - Throws: `CancellationError` when the work is to end.
    mutating func pace() async throws(CancellationError) {
        guard !Task.isCancelled else { throw CancellationError() }
        guard !isHurried else { return }
        let worked = ContinuousClock.now - start
        guard worked >= Self.stretch else { return }
        // Cancelled: told by the next call.
        try? await Task.sleep(for: min(worked, Self.stretch * 4))
        start = .now
    }
}
