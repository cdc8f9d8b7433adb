import NIOCore

/// How many wrong passwords came from where: for each address a bucket that failures fill, and that leaks.
///
/// A check is charged when it begins and given back if the password was right, so that many at once count as well.
struct FailureTable {
    struct Limits: Sendable {
        /// Failures in a row that are not slowed.
        var burst = 10
        /// After that, one is allowed in each such interval.
        var recovery: TimeAmount = .seconds(10)
        /// Addresses that are remembered.
        var addresses = 10_000
    }

    private struct Bucket {
        /// When all of it has leaked.
        var empty: NIODeadline
    }

    private let limits: Limits
    private var buckets: [ClientAddress?: Bucket] = [:]

    init(_ limits: Limits) { self.limits = limits }

    var count: Int { buckets.count }

    /// Charges an attempt, if one may be made.
    ///
    /// - Returns: Nil if it may be made, else the time until the next may.
    mutating func charge(_ address: ClientAddress?, now: NIODeadline) -> TimeAmount? {
        let address = address?.neighbourhood
        let filled = max(buckets[address]?.empty ?? now, now)
        let room = now + limits.recovery * Int64(limits.burst - 1)
        guard filled <= room else { return filled - room }
        if buckets[address] == nil, buckets.count >= limits.addresses { makeRoom(now: now) }
        buckets[address] = Bucket(empty: filled + limits.recovery)
        return nil
    }

    /// The attempt was none: takes back its charge.
    mutating func refund(_ address: ClientAddress?, now: NIODeadline) {
        let address = address?.neighbourhood
        guard let bucket = buckets[address] else { return }
        let empty = bucket.empty - limits.recovery
        buckets[address] = empty > now ? Bucket(empty: empty) : nil
    }

    /// Forgets what has leaked; if nothing has, whom it would be forgotten of first.
    private mutating func makeRoom(now: NIODeadline) {
        buckets = buckets.filter { $0.value.empty > now }
        guard buckets.count >= limits.addresses, let first = buckets.min(by: { $0.value.empty < $1.value.empty }) else {
            return
        }
        buckets[first.key] = nil
    }
}
