import Fairness
import NIOCore

/// What a ``PasswordVerifier`` knows: right passwords, checks under way with who waits for them, checks that wait for a
/// thread, and failures.
///
/// Whoever has failed too often is told nothing of his next attempt, not even what is known of it without a hash.
struct Verifications: Sendable {
    typealias Waiter = CheckedContinuation<Turn, Never>

    /// What comes of asking for a check.
    enum Turn: Sendable {
        case answer(PasswordVerifier.Outcome)
        /// Nobody else checks it: who asked is to, and ends it with ``Verifications/settle(_:_:now:)``.
        case check(Check)

        /// For who was told to wait.
        var outcome: PasswordVerifier.Outcome {
            switch self {
            case .answer(let outcome): outcome
            case .check: .busy
            }
        }
    }

    /// One check to be made.
    struct Check: Sendable {
        let attempt: LoginAttempt
        /// Whether its failure was charged.
        let isCharged: Bool
    }

    /// A check that was given to the pool's threads, which end it with ``Verifications/leave(_:_:now:)``.
    struct Hash: Sendable {
        let check: Check
        let matches: @Sendable () -> Bool
    }

    /// When a password that was right is to be hashed again, and when it is forgotten that it was.
    private struct Proof: Sendable {
        var fresh: NIODeadline
        var known: NIODeadline
    }

    private struct UnderWay: Sendable {
        let host: ClientAddress?
        var waiters: [Waiter] = []
    }

    private let limits: PasswordVerifier.Limits
    private var right: [Fingerprint: Proof] = [:]
    private var passes: LoginPasses
    private var underWay: [Fingerprint: UnderWay] = [:]
    /// Shared between those whom one owner stands behind: an address, or IPv6's /48.
    private var queue = FairTurns<ClientAddress?, Hash>()
    private var running = 0
    private var failures: LoginFailures

    init(_ limits: PasswordVerifier.Limits) {
        self.limits = limits
        failures = LoginFailures(limits)
        passes = LoginPasses(limits)
    }

    var count: Int { queue.count + running }

    /// What can be said of an attempt without checking it; nil if it has to be checked.
    mutating func known(_ attempt: LoginAttempt, now: NIODeadline) -> PasswordVerifier.Outcome? {
        let hasPass = passes.hold(attempt, now: now)
        if !hasPass, !isOneOfMany(attempt, now: now), let wait = failures.wait(attempt, now: now) {
            passes.refuse(attempt, now: now)
            return .slowed(wait)
        }
        guard let proof = right[attempt.fingerprint], proof.fresh > now else { return nil }
        if !hasPass { passes.give(attempt, until: proof.known, now: now) }
        return .right
    }

    /// Whether its own host has begun to check the same, which was charged.
    private func isOneOfMany(_ attempt: LoginAttempt, now: NIODeadline) -> Bool {
        guard let check = underWay[attempt.fingerprint], check.host == attempt.login.host else { return false }
        return !passes.areGuessed(attempt.login, now: now)
    }

    /// - Returns: Nil if the waiter will be told by whoever has the check under way.
    mutating func enter(_ attempt: LoginAttempt, _ waiter: Waiter, now: NIODeadline) -> Turn? {
        if let outcome = known(attempt, now: now) { return .answer(outcome) }
        if underWay[attempt.fingerprint] != nil {
            underWay[attempt.fingerprint]?.waiters.append(waiter)
            return nil
        }
        let isCharged = !passes.hold(attempt, now: now)
        if isCharged { failures.charge(attempt, now: now) }
        underWay[attempt.fingerprint] = UnderWay(host: attempt.login.host)
        return .check(Check(attempt: attempt, isCharged: isCharged))
    }

    /// Gives a check to whichever thread is free first.
    ///
    /// - Returns: Who is turned away: those who have the most waiting make room, or the waiter himself is of them.
    mutating func enqueue(_ hash: Hash, _ waiter: Waiter, now: NIODeadline) -> [Waiter] {
        let attempt = hash.check.attempt
        underWay[attempt.fingerprint]?.waiters.append(waiter)
        var turnedAway: [Waiter] = []
        if count >= limits.waiting {
            guard let last = queue.removeLast(ofWhoHasMoreThan: queue.count(of: attempt.address?.party) + 1) else {
                return settle(hash.check, nil, now: now)
            }
            turnedAway = settle(last.check, nil, now: now)
        }
        queue.append(hash, for: attempt.address?.party)
        return turnedAway
    }

    /// The check whose turn it is, if another may run now.
    mutating func next() -> Hash? {
        guard running < limits.atOnce, let hash = queue.removeFirst() else { return nil }
        running += 1
        return hash
    }

    /// - Returns: Who is to be told.
    mutating func leave(_ hash: Hash, _ outcome: PasswordVerifier.Outcome, now: NIODeadline) -> [Waiter] {
        running -= 1
        return settle(hash.check, outcome, now: now)
    }

    /// - Parameter outcome: Nil if the check was not made.
    /// - Returns: Who is to be told.
    mutating func settle(_ check: Check, _ outcome: PasswordVerifier.Outcome?, now: NIODeadline) -> [Waiter] {
        if outcome != .wrong, check.isCharged { failures.refund(check.attempt, now: now) }
        if outcome == .right {
            let proof = Proof(fresh: now + limits.remembered, known: now + limits.known)
            remember(proof, check.attempt.fingerprint, now: now)
            passes.give(check.attempt, until: proof.known, now: now)
        }
        return underWay.removeValue(forKey: check.attempt.fingerprint)?.waiters ?? []
    }

    private mutating func remember(_ proof: Proof, _ fingerprint: Fingerprint, now: NIODeadline) {
        if right.count >= limits.entries {
            right = right.filter { $0.value.known > now }
            if right.count >= limits.entries, let any = right.keys.first { right[any] = nil }
        }
        right[fingerprint] = proof
    }
}
