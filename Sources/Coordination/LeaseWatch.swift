internal import NIOConcurrencyHelpers

/// Whether a lease can still be relied on, judged by the holder's own clock.
///
/// A holder that was stopped finds that its time has passed, whatever the renewals it slept through would have said.
public final class LeaseWatch: Sendable {
    private let clock: LeaseClock
    private let life: Duration
    private let term: NIOLockedValueBox<LeaseTerm>

    /// - Parameter moment: Before the lease was asked for.
    public init(clock: LeaseClock, life: Duration, from moment: Duration) {
        self.clock = clock
        self.life = life
        term = NIOLockedValueBox(LeaseTerm(life: life, from: moment))
    }

    public var isLost: Bool { term.withLockedValue { $0.isOver(now: clock.now()) } }

    /// Renews the lease three times within its life, until cancelled or lost.
    public func keep(_ lease: Lease, _ coordination: any Coordination) async {
        while !Task.isCancelled {
            await clock.sleep(life / 3)
            guard !Task.isCancelled, await renew(lease, coordination) else { return }
        }
    }

    /// Renews the lease once.
    ///
    /// - Returns: false if it is lost. An answer that does not come says nothing: the lease runs out by this clock too.
    @discardableResult
    public func renew(_ lease: Lease, _ coordination: any Coordination) async -> Bool {
        let asked = clock.now()
        let renewed = try? await coordination.renew(lease, life: life)
        term.withLockedValue { term in
            if renewed == true { term.extend(from: asked) }
            if renewed == false { term.lose() }
        }
        return renewed != false
    }
}
