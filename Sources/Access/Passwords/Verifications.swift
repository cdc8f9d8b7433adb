import Fairness
import NIOCore

/// What a ``PasswordVerifier`` knows: right passwords, checks under way with who waits for them, checks that wait for a
/// thread, and failures.
struct Verifications: Sendable {
    typealias Waiter = CheckedContinuation<PasswordVerifier.Outcome, Never>

    /// One check to be made, answered with ``Verifications/leave(_:_:now:)``.
    struct Check: Sendable {
        let fingerprint: Fingerprint
        let name: Username
        let address: ClientAddress?
        /// Whether its failure was charged.
        let isCharged: Bool
        let matches: @Sendable () -> Bool
    }

    enum Entry {
        case answer(PasswordVerifier.Outcome)
        /// Some check will answer.
        case joined
        /// As before, and those that are told are turned away in its favour.
        case inTheirPlace([Waiter])
    }

    /// When a password that was right is to be hashed again, and when it is forgotten that it was.
    private struct Proof: Sendable {
        var fresh: NIODeadline
        var known: NIODeadline
        /// Whether nobody was told yet.
        var isNews = false
    }

    private let limits: PasswordVerifier.Limits
    private var right: [Fingerprint: Proof] = [:]
    private var underWay: [Fingerprint: [Waiter]] = [:]
    /// Shared between those whom one owner stands behind: an address, or IPv6's /48.
    private var queue = FairTurns<ClientAddress?, Check>()
    private var running = 0
    private var failures: LoginFailures

    init(_ limits: PasswordVerifier.Limits) {
        self.limits = limits
        failures = LoginFailures(limits)
    }

    var count: Int { underWay.count }

    func remembers(_ fingerprint: Fingerprint, now: NIODeadline) -> Bool {
        right[fingerprint].map { $0.fresh > now } ?? false
    }

    mutating func enter(
        _ fingerprint: Fingerprint, _ name: Username, _ address: ClientAddress?, _ waiter: Waiter, now: NIODeadline,
        matches: @escaping @Sendable () -> Bool
    ) -> Entry {
        if remembers(fingerprint, now: now) { return .answer(.right) }
        if underWay[fingerprint] != nil {
            underWay[fingerprint]?.append(waiter)
            return .joined
        }
        // What was right not long ago is no guess: others' failures at this address do not hold it up.
        let isKnown = right[fingerprint].map { $0.known > now } ?? false
        if !isKnown, let wait = failures.wait(name, address, now: now) { return .answer(.slowed(wait)) }
        var displaced: [Waiter] = []
        if underWay.count >= limits.waiting {
            guard let last = queue.removeLast(ofWhoHasMoreThan: queue.count(of: address?.party) + 1) else {
                return .answer(.busy)
            }
            displaced = give(up: last, now: now)
        }
        if !isKnown { failures.charge(name, address, now: now) }
        underWay[fingerprint] = [waiter]
        queue.append(
            Check(fingerprint: fingerprint, name: name, address: address, isCharged: !isKnown, matches: matches),
            for: address?.party)
        return displaced.isEmpty ? .joined : .inTheirPlace(displaced)
    }

    /// The check whose turn it is, if another may run now.
    mutating func next() -> Check? {
        guard running < limits.atOnce, let check = queue.removeFirst() else { return nil }
        running += 1
        return check
    }

    /// - Parameter outcome: Nil if the check was not made.
    /// - Returns: Who is to be told.
    mutating func leave(_ check: Check, _ outcome: PasswordVerifier.Outcome?, now: NIODeadline) -> [Waiter] {
        running -= 1
        if outcome != .wrong, check.isCharged { failures.refund(check.name, check.address, now: now) }
        if outcome == .right {
            remember(check.fingerprint, now: now)
            right[check.fingerprint]?.isNews = true
        }
        return underWay.removeValue(forKey: check.fingerprint) ?? []
    }

    private mutating func give(up check: Check, now: NIODeadline) -> [Waiter] {
        if check.isCharged { failures.refund(check.name, check.address, now: now) }
        return underWay.removeValue(forKey: check.fingerprint) ?? []
    }

    /// Whether it was hashed and found right, and nobody has taken it upon him to say so.
    mutating func takeNews(_ fingerprint: Fingerprint) -> Bool {
        guard right[fingerprint]?.isNews == true else { return false }
        right[fingerprint]?.isNews = false
        return true
    }

    mutating func remember(_ fingerprint: Fingerprint, now: NIODeadline) {
        if right.count >= limits.entries {
            right = right.filter { $0.value.known > now }
            if right.count >= limits.entries, let any = right.keys.first { right[any] = nil }
        }
        right[fingerprint] = Proof(fresh: now + limits.remembered, known: now + limits.known)
    }
}
