internal import NIOConcurrencyHelpers

/// ``Coordination`` within one process.
public final class MemoryCoordination: Coordination {
    private struct Kept {
        var value: [UInt8]
        let end: Duration
    }

    private struct Count {
        var sum: Int64
        let end: Duration
    }

    private struct State {
        var leases = LeaseTable()
        var values: [CoordinationKey: Kept] = [:]
        var counters: [CoordinationKey: Count] = [:]
    }

    /// Values and counters, each; what is over goes first, then what ends soonest.
    private static let capacity = 100_000

    private let state = NIOLockedValueBox(State())
    private let now: @Sendable () -> Duration

    /// - Parameter now: Time since some moment, never set back.
    public init(now: @escaping @Sendable () -> Duration = MemoryCoordination.uptime) {
        self.now = now
    }

    @Sendable public static func uptime() -> Duration { ContinuousClock.now - start }
    private static let start = ContinuousClock.now

    public func acquire(
        _ key: CoordinationKey, owner: LeaseOwner, note: [UInt8], life: Duration
    ) async throws(CoordinationError) -> LeaseAnswer {
        guard note.count <= CoordinationLimits.maxValue else { throw .tooLarge }
        let now = now()
        return state.withLockedValue { $0.leases.acquire(key, owner: owner, note: note, life: life, now: now) }
    }

    public func renew(_ lease: Lease, life: Duration) async throws(CoordinationError) -> Bool {
        let now = now()
        return state.withLockedValue { $0.leases.renew(lease, life: life, now: now) }
    }

    public func release(_ lease: Lease) async throws(CoordinationError) {
        state.withLockedValue { $0.leases.release(lease) }
    }

    public func value(_ key: CoordinationKey) async throws(CoordinationError) -> [UInt8]? {
        let now = now()
        return state.withLockedValue { state in
            guard let kept = state.values[key] else { return nil }
            guard kept.end > now else {
                state.values[key] = nil
                return nil
            }
            return kept.value
        }
    }

    public func store(
        _ value: [UInt8], _ key: CoordinationKey, life: Duration, _ condition: StoreCondition
    ) async throws(CoordinationError) -> Bool {
        guard !value.isEmpty else { throw .empty }
        guard value.count <= CoordinationLimits.maxValue else { throw .tooLarge }
        let now = now()
        return state.withLockedValue { state in
            if condition == .ifAbsent, let kept = state.values[key], kept.end > now { return false }
            Self.makeRoom(&state.values, now) { $0.end }
            state.values[key] = Kept(value: value, end: now + life)
            return true
        }
    }

    public func remove(_ key: CoordinationKey) async throws(CoordinationError) {
        state.withLockedValue { $0.values[key] = nil }
    }

    public func add(
        _ amount: Int64, to key: CoordinationKey, life: Duration
    ) async throws(CoordinationError) -> Int64 {
        let now = now()
        return state.withLockedValue { state in
            var count = state.counters[key].flatMap { $0.end > now ? $0 : nil }
            if count == nil { Self.makeRoom(&state.counters, now) { $0.end } }
            count = count ?? Count(sum: 0, end: now + life)
            let sum = (count?.sum ?? 0).addingReportingOverflow(amount)
            count?.sum = sum.overflow ? (amount > 0 ? .max : .min) : sum.partialValue
            state.counters[key] = count
            return count?.sum ?? 0
        }
    }

    private static func makeRoom<Entry>(
        _ entries: inout [CoordinationKey: Entry], _ now: Duration, end: (Entry) -> Duration
    ) {
        guard entries.count >= capacity else { return }
        entries = entries.filter { end($0.value) > now }
        guard entries.count >= capacity else { return }
        for (key, _) in entries.sorted(by: { end($0.value) < end($1.value) }).prefix(capacity / 4) {
            entries[key] = nil
        }
    }
}

extension CoordinationError {
    /// For adapters: a value or note over ``CoordinationLimits/maxValue``.
    public static let tooLarge = CoordinationError(
        .invalidValue, "a shared value has more than \(CoordinationLimits.maxValue) bytes")
    /// For adapters: no value can be told from an empty one.
    public static let empty = CoordinationError(.invalidValue, "a shared value is empty")
}
