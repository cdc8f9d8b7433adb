public import Upstream

/// What is known of one upstream host's health: closed while it works, open after failures in a row, and from time to
/// time half open, when one question may find out whether it works again.
public struct Breaker: Sendable {
    public enum State: Sendable, Equatable {
        case closed
        /// Nobody asks before then; time as ``Timers`` counts it.
        case open(until: Duration)
        /// One question is out.
        case probing
    }

    public private(set) var state = State.closed
    /// Failures in a row.
    public private(set) var failures = 0
    /// Questions in a row that another upstream answered while this one had not, although it had been given its time.
    public private(set) var lostRaces = 0
    /// Of the last failure.
    public private(set) var lastError: UpstreamError?
    private var pause: Duration?

    /// So many clients pay for a host that is dead without saying so.
    private static let mostLostRaces = 3

    /// Whether a question may be asked now; one that is let through half open must be told back.
    mutating func admits(now: Duration) -> Bool {
        switch state {
        case .closed: return true
        case .probing: return false
        case .open(let until):
            guard now >= until else { return false }
            state = .probing
            return true
        }
    }

    mutating func succeeded() {
        self = Breaker()
    }

    /// - Parameter jitter: A factor near 1, so that many servers do not come back as one.
    mutating func failed(_ error: UpstreamError, now: Duration, _ limits: ResilienceLimits, jitter: Double) {
        failures += 1
        lastError = error
        // Those that were under way when it opened are one blip, however many they are: only a failed probe is news.
        if case .open = state { return }
        guard state == .probing || failures >= limits.breakerFailures else { return }
        open(now: now, limits, jitter: jitter)
    }

    /// Another upstream was faster by the whole of the hedge delay.
    mutating func lostRace(_ error: UpstreamError, now: Duration, _ limits: ResilienceLimits, jitter: Double) {
        // Those that were under way when it was found out are no news.
        if case .open = state { return }
        lostRaces += 1
        lastError = error
        guard state == .probing || lostRaces >= min(Self.mostLostRaces, limits.breakerFailures) else { return }
        open(now: now, limits, jitter: jitter)
    }

    private mutating func open(now: Duration, _ limits: ResilienceLimits, jitter: Double) {
        let next = min(
            pause.map { $0 * 2 } ?? limits.breakerPause, max(limits.longestBreakerPause, limits.breakerPause))
        pause = next
        state = .open(until: now + next * jitter)
    }

    /// The question was given up before its answer could tell anything.
    mutating func gaveUp(now: Duration) {
        if state == .probing { state = .open(until: now) }
    }
}
