/// Lets work in the background take no more than its share of a processor while clients are served: after each stretch of
/// work a pause of the same length. It ends the work that may not go on.
struct Pacer {
    private static let stretch: Duration = .milliseconds(5)
    /// Whether anybody is served who would notice.
    private let isServing: @Sendable () -> Bool
    /// Whether this process may still do it.
    let mayGoOn: @Sendable () -> Bool
    private var start = ContinuousClock.now

    init(isServing: @escaping @Sendable () -> Bool, mayGoOn: @escaping @Sendable () -> Bool = { true }) {
        self.isServing = isServing
        self.mayGoOn = mayGoOn
    }

    /// Without pauses: somebody waits for the work.
    static let hurried = Pacer(isServing: hurries)

    /// As if nobody were served.
    static let hurries: @Sendable () -> Bool = { false }

    /// Called between two small pieces of work.
    ///
    /// - Throws: `CancellationError` when the work is to end.
    mutating func pace() async throws(CancellationError) {
        guard !Task.isCancelled else { throw CancellationError() }
        let worked = ContinuousClock.now - start
        guard worked >= Self.stretch else { return }
        guard mayGoOn() else { throw CancellationError() }
        if isServing() {
            // Cancelled: told by the next call.
            try? await Task.sleep(for: min(worked, Self.stretch * 4))
        } else {
            await Task.yield()
        }
        start = .now
    }
}
