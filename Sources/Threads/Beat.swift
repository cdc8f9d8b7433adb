/// The moments at which things are looked after from time to time: the full periods since the process began. Who rests until one
/// of them is woken together with all others, and a server that rests is woken once for all of them.
public enum Beat {
    private static let origin = ContinuousClock.now

    /// Returns at the next full `period`.
    ///
    /// - Throws: `CancellationError`.
    public static func next(_ period: Duration) async throws {
        try await Task.sleep(until: moment(after: .now, period, since: origin), clock: .continuous)
    }

    static func moment(
        after now: ContinuousClock.Instant, _ period: Duration, since origin: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        origin + period * (((now - origin) / period).rounded(.down) + 1)
    }
}
