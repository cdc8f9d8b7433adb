import NIOCore

/// Wrong passwords, counted for each name that an address tries, for the address, and for the site that IPv6 gives to one
/// customer: who guesses one name's password locks out nobody else at that address, and who tries many names, or many
/// addresses, is slowed as well.
struct LoginFailures: Sendable {
    private struct Login: Hashable, Sendable {
        let address: ClientAddress?
        let name: Username
    }

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
    func wait(_ name: Username, _ address: ClientAddress?, now: NIODeadline) -> TimeAmount? {
        let waits = [
            logins.wait(Login(address: address?.host, name: name), now: now),
            addresses.wait(address?.host, now: now), address?.site.flatMap { sites.wait($0, now: now) },
        ]
        return waits.compactMap { $0 }.max()
    }

    mutating func charge(_ name: Username, _ address: ClientAddress?, now: NIODeadline) {
        logins.charge(Login(address: address?.host, name: name), now: now)
        addresses.charge(address?.host, now: now)
        if let site = address?.site { sites.charge(site, now: now) }
    }

    mutating func refund(_ name: Username, _ address: ClientAddress?, now: NIODeadline) {
        logins.refund(Login(address: address?.host, name: name), now: now)
        addresses.refund(address?.host, now: now)
        if let site = address?.site { sites.refund(site, now: now) }
    }
}
