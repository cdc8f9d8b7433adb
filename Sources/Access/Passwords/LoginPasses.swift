import NIOCore

/// Where which password was right. There it is no guess: it is looked at however many others guess beside its owner.
///
/// Whoever is at such a host is told by that which of his guesses is right. So guesses that are refused there are counted, and a
/// pass does not hold while they are too many.
struct LoginPasses: Sendable {
    private struct Pass: Sendable {
        let fingerprint: Fingerprint
        let end: NIODeadline
    }

    private struct Guess: Hashable, Sendable {
        let fingerprint: Fingerprint
        let host: ClientAddress?
    }

    private let limit: Int
    private var passes: [Login: Pass] = [:]
    /// Of logins that have a pass, so that strangers cannot fill it.
    private var refusals: FailureTable<Login>
    /// That were counted. The same again is no other guess: a machine that was left with an old password holds nobody up.
    private var guesses: Set<Guess> = []

    init(_ limits: PasswordVerifier.Limits) {
        limit = limits.entries
        refusals = FailureTable(
            .init(
                burst: limits.refusals, recovery: .nanoseconds(limits.recovery.nanoseconds / 10),
                sources: limits.entries))
    }

    func hold(_ attempt: LoginAttempt, now: NIODeadline) -> Bool {
        guard let pass = passes[attempt.login], pass.fingerprint == attempt.fingerprint, pass.end > now else {
            return false
        }
        return !areGuessed(attempt.login, now: now)
    }

    /// Whether too many guesses were refused.
    func areGuessed(_ login: Login, now: NIODeadline) -> Bool { refusals.wait(login, now: now) != nil }

    mutating func give(_ attempt: LoginAttempt, until end: NIODeadline, now: NIODeadline) {
        if passes[attempt.login] == nil, passes.count >= limit { makeRoom(now: now) }
        passes[attempt.login] = Pass(fingerprint: attempt.fingerprint, end: end)
    }

    /// Counts an attempt that was not looked at.
    mutating func refuse(_ attempt: LoginAttempt, now: NIODeadline) {
        guard passes[attempt.login] != nil, !areGuessed(attempt.login, now: now) else { return }
        if guesses.count >= limit { guesses.removeAll(keepingCapacity: true) }
        guard guesses.insert(Guess(fingerprint: attempt.fingerprint, host: attempt.login.host)).inserted else { return }
        refusals.charge(attempt.login, now: now)
    }

    /// Forgets at least half, so that it is not needed again soon.
    private mutating func makeRoom(now: NIODeadline) {
        passes = passes.filter { $0.value.end > now }
        guard passes.count > limit / 2 else { return }
        var isKept = false
        passes = passes.filter { _ in
            isKept.toggle()
            return isKept
        }
    }
}
