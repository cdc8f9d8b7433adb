internal import NIOConcurrencyHelpers

/// Whether a lease can still be relied on, judged by the holder's own clock.
///
/// A holder that was stopped finds that its time has passed, whatever the renewals it slept through would have said.
final class LeaseWatch: Sendable {
    private let clock: LeaseClock
    private let life: Duration
    private let end: NIOLockedValueBox<Duration?>

    /// - Parameter moment: Before the lease was asked for.
    init(clock: LeaseClock, life: Duration, from moment: Duration) {
        self.clock = clock
        self.life = life
        end = NIOLockedValueBox(moment + life)
    }

    /// - Parameter moment: Before the renewal was asked for: the lease was extended then or later.
    func extend(from moment: Duration) {
        end.withLockedValue { end in
            // What is lost stays lost.
            if end != nil { end = moment + life }
        }
    }

    func lose() { end.withLockedValue { $0 = nil } }

    var isLost: Bool { end.withLockedValue { $0.map { clock.now() >= $0 } ?? true } }
}
