/// `[fills]`: bounds on downloads from upstreams into the store.
public struct FillsSection: Sendable, Equatable {
    /// Fills that nobody waits for any more and that still finish.
    public let maxOrphans: Int
    public let maxConcurrent: Int

    public init(maxOrphans: Int = 16, maxConcurrent: Int = 64) {
        self.maxOrphans = maxOrphans
        self.maxConcurrent = maxConcurrent
    }
}
