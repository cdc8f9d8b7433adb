import NIOCore

/// How many wrong passwords came from where: buckets that failures fill, and that leak.
///
/// A check is charged when it begins and given back if the password was right, so that many at once count as well.
struct FailureTable<Source: Hashable & Sendable>: Sendable {
    struct Limits: Sendable {
        /// Failures in a row that are not slowed.
        var burst = 10
        /// After that, one is allowed in each such interval.
        var recovery: TimeAmount = .seconds(10)
        /// Sources that are remembered.
        var sources = 10_000
    }

    private let limits: Limits
    /// When all of a bucket has leaked.
    private var empty: [Source: NIODeadline] = [:]

    init(_ limits: Limits) { self.limits = limits }

    /// Nil if an attempt may be made, else the time until the next may.
    func wait(_ source: Source, now: NIODeadline) -> TimeAmount? {
        let filled = max(empty[source] ?? now, now)
        let room = now + limits.recovery * Int64(limits.burst - 1)
        return filled <= room ? nil : filled - room
    }

    mutating func charge(_ source: Source, now: NIODeadline) {
        if empty[source] == nil, empty.count >= limits.sources { makeRoom(now: now) }
        empty[source] = max(empty[source] ?? now, now) + limits.recovery
    }

    /// The attempt was none: takes back its charge.
    mutating func refund(_ source: Source, now: NIODeadline) {
        guard let filled = empty[source] else { return }
        let rest = filled - limits.recovery
        empty[source] = rest > now ? rest : nil
    }

    /// Forgets what has leaked; if nothing has, whom it would be forgotten of first.
    private mutating func makeRoom(now: NIODeadline) {
        empty = empty.filter { $0.value > now }
        guard empty.count >= limits.sources, let first = empty.min(by: { $0.value < $1.value }) else { return }
        empty[first.key] = nil
    }
}
