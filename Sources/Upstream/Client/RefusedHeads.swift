import NIOConcurrencyHelpers

/// For what an upstream takes no HEAD, by its word: it is asked with GET for a while.
final class RefusedHeads: Sendable {
    /// Statuses that say so (RFC 9110, sections 15.5.6 and 15.6.2).
    static let statuses: Set<Int> = [405, 501]
    /// Seconds.
    private static let lifetime: Int64 = 15 * 60

    /// Until when each is believed, in seconds since 1970.
    private let ends = NIOLockedValueBox<[RateBudget.Family: Int64]>([:])

    func contains(_ family: RateBudget.Family, now: Int64) -> Bool {
        guard let end = ends.withLockedValue({ $0[family] }) else { return false }
        // A clock that was set back must not make it last.
        return end > now && end <= now + Self.lifetime
    }

    func insert(_ family: RateBudget.Family, now: Int64) {
        ends.withLockedValue { $0[family] = now + Self.lifetime }
    }
}
