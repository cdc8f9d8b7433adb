import NIOCore

/// Wrong passwords, counted for each name that an address tries, for the address, and for the site that IPv6 gives to one
/// customer: who guesses one name's password locks out nobody else at that address, and who tries many names, or many
/// addresses, is slowed as well.
struct LoginFailures: Sendable {
    private var logins: FailureTable<Login>
    private var addresses: FailureTable<ClientAddress?>
    private var sites: FailureTable<ClientAddress>

    init(_ limits: PasswordVerifier.Limits) {
        // As often for five names as for one, and for four hosts as for one.
        logins = FailureTable(.init(burst: limits.failures, recovery: limits.recovery, sources: limits.addresses))
        addresses = FailureTable(
            .init(
                burst: limits.failures * 5, recovery: .nanoseconds(limits.recovery.nanoseconds / 5),
                sources: limits.addresses))
        sites = FailureTable(
            .init(
                burst: limits.failures * 20, recovery: .nanoseconds(limits.recovery.nanoseconds / 20),
                sources: limits.addresses))
    }

    /// Nil if an attempt may be made, else the time until the next may.
    func wait(_ attempt: LoginAttempt, now: NIODeadline) -> TimeAmount? {
        let waits = [
            logins.wait(attempt.login, now: now), addresses.wait(attempt.login.host, now: now),
            attempt.address?.site.flatMap { sites.wait($0, now: now) },
        ]
        return waits.compactMap { $0 }.max()
    }

    mutating func charge(_ attempt: LoginAttempt, now: NIODeadline) {
        logins.charge(attempt.login, now: now)
        addresses.charge(attempt.login.host, now: now)
        if let site = attempt.address?.site { sites.charge(site, now: now) }
    }

    mutating func refund(_ attempt: LoginAttempt, now: NIODeadline) {
        logins.refund(attempt.login, now: now)
        addresses.refund(attempt.login.host, now: now)
        if let site = attempt.address?.site { sites.refund(site, now: now) }
    }
}
