internal import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
internal import Synchronization
public import Upstream

/// The health of every upstream host, shared by all namespaces that ask it.
public final class UpstreamHealth: Sendable {
    private let adjustable: Adjustable<ResilienceLimits>
    let timers: Timers
    private let jitter: @Sendable () -> Double
    private let breakers = NIOLockedValueBox<[String: Breaker]>([:])
    /// How many hosts failed when they were last asked: read on the way of every warm hit, so without a lock.
    private let suspects = Atomic<Int>(0)

    /// - Parameter jitter: A factor around 1 for each pause.
    public init(
        limits: ResilienceLimits, timers: Timers = .system,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0.8...1.2) }
    ) {
        adjustable = Adjustable(limits)
        self.timers = timers
        self.jitter = jitter
    }

    public var limits: ResilienceLimits { adjustable.value }

    /// Takes effect with the next question.
    public func adjust(_ limits: ResilienceLimits) { adjustable.set(limits) }

    /// By host, as of now; hosts that were never asked are missing.
    public var states: [String: Breaker] { breakers.withLockedValue { $0 } }

    /// Whether some host failed when it was last asked.
    var isTroubled: Bool { suspects.load(ordering: .relaxed) > 0 }

    /// Whether the host failed when it was last asked.
    func isSuspect(_ name: String) -> Bool { breakers.withLockedValue { $0[name]?.failures ?? 0 > 0 } }

    /// Whether a host may be asked.
    enum Admission {
        case free
        /// As the one who finds out whether it works again.
        case probe(last: UpstreamError)
        case refused(UpstreamError)
    }

    /// Who was let through tells the outcome.
    func admit(_ name: String) -> Admission {
        let now = timers.now()
        return breakers.withLockedValue { breakers in
            guard var breaker = breakers[name], let last = breaker.lastError else { return .free }
            let mayAsk = breaker.admits(now: now)
            breakers[name] = breaker
            let times = max(breaker.failures, breaker.lostRaces)
            let error = UpstreamError(
                last.kind, "\(last.message), \(times) times in a row, and is left alone for a while", cause: last.cause)
            guard mayAsk else { return .refused(error) }
            return breaker.state == .probing ? .probe(last: error) : .free
        }
    }

    /// Whether nothing is known against asking it.
    func isOpenToQuestions(_ name: String) -> Bool {
        breakers.withLockedValue { $0[name]?.state ?? .closed } == .closed
    }

    /// It had not answered when another upstream did, in all the time that is given before others are asked.
    func lostRace(_ name: String) {
        let now = timers.now()
        let (jitter, limits) = (jitter(), limits)
        let error = UpstreamError(.timedOut, "\(name) did not answer in the time that others took")
        change(name) { $0.lostRace(error, now: now, limits, jitter: jitter) }
    }

    func succeeded(_ name: String) {
        change(name) { $0.succeeded() }
    }

    /// - Parameter error: What came of a question. Only what says that the host does not work counts against it.
    func failed(_ name: String, _ error: UpstreamError) {
        let now = timers.now()
        switch error.kind {
        case .unavailable, .timedOut, .resolve, .refused, .tls, .cutShort:
            let jitter = jitter()
            let limits = limits
            change(name) { $0.failed(error, now: now, limits, jitter: jitter) }
        case .cancelled, .offline, .rateLimited, .capped:
            gaveUp(name)
        case .notFound, .unauthorized, .denied, .tooLarge, .rangeNotSatisfiable, .invalidResponse, .redirectLoop:
            succeeded(name)
        }
    }

    func gaveUp(_ name: String) {
        let now = timers.now()
        change(name) { $0.gaveUp(now: now) }
    }

    private func change(_ name: String, _ change: (inout Breaker) -> Void) {
        let (difference, wasOpen, isOpen) = breakers.withLockedValue { breakers in
            let old = breakers[name] ?? Breaker()
            var new = old
            change(&new)
            breakers[name] = new
            return (
                (new.failures > 0 ? 1 : 0) - (old.failures > 0 ? 1 : 0), old.state != .closed, new.state != .closed
            )
        }
        if difference != 0 { suspects.add(difference, ordering: .relaxed) }
        if wasOpen != isOpen {
            Gauge(label: "entrepot_upstream_breaker_open", dimensions: [("upstream", name)]).record(isOpen ? 1 : 0)
        }
    }
}
