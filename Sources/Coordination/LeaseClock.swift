/// Passing time, as tests can replace it.
public struct LeaseClock: Sendable {
    /// Time since some moment, never set back.
    public let now: @Sendable () -> Duration
    /// Returns after so long, or at once when cancelled.
    public let sleep: @Sendable (Duration) async -> Void

    public init(now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async -> Void) {
        self.now = now
        self.sleep = sleep
    }

    public static let system = LeaseClock(
        now: MemoryCoordination.uptime,
        // Who sleeps looks at its own cancellation next.
        sleep: { duration in _ = try? await Task.sleep(for: duration) })
}
