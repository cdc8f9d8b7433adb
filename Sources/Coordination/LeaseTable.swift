/// Leases as whoever grants them sees them.
public struct LeaseTable: Sendable {
    private struct Held {
        let lease: Lease
        let note: [UInt8]
        let end: Duration
    }

    private var leases: [CoordinationKey: Held] = [:]
    private var lastFence: UInt64 = 0

    public init() {}

    /// The lease that was granted last and not given back since, held or not.
    public func lastGranted(_ key: CoordinationKey) -> Lease? { leases[key]?.lease }

    /// Those that are held now.
    public func held(now: Duration) -> [Lease] { leases.values.filter { $0.end > now }.map(\.lease) }

    public mutating func acquire(
        _ key: CoordinationKey, owner: LeaseOwner, note: [UInt8], life: Duration, now: Duration
    ) -> LeaseAnswer {
        let held = leases[key].flatMap { $0.end > now ? $0 : nil }
        if let held, held.lease.owner != owner { return .taken(note: held.note, left: held.end - now) }
        if held == nil { lastFence += 1 }
        let lease = held?.lease ?? Lease(key: key, owner: owner, fence: lastFence)
        leases[key] = Held(lease: lease, note: note, end: now + life)
        return .granted(lease)
    }

    public mutating func renew(_ lease: Lease, life: Duration, now: Duration) -> Bool {
        guard let held = leases[lease.key], held.lease == lease, held.end > now else { return false }
        leases[lease.key] = Held(lease: lease, note: held.note, end: now + life)
        return true
    }

    public mutating func release(_ lease: Lease) {
        if leases[lease.key]?.lease == lease { leases[lease.key] = nil }
    }

    /// As a server that was emptied: fences go on growing all the same.
    public mutating func removeAll() { leases = [:] }
}
