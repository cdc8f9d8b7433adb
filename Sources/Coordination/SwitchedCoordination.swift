internal import NIOConcurrencyHelpers

/// ``Coordination`` that can be exchanged while it is used, or be none: then nobody can be asked, and everybody goes on
/// alone at no cost.
///
/// Leases do not go over to the other one: their holders find them lost.
public final class SwitchedCoordination: Coordination {
    private struct State {
        var inner: (any Coordination)?
        var life: Duration
    }

    private let state: NIOLockedValueBox<State>

    /// - Parameter life: For leases of those who ask for ``life``.
    public init(_ inner: (any Coordination)? = nil, life: Duration = .seconds(15)) {
        state = NIOLockedValueBox(State(inner: inner, life: life))
    }

    public func replace(with inner: (any Coordination)?, life: Duration) {
        state.withLockedValue { $0 = State(inner: inner, life: life) }
    }

    /// For how long a lease is to be asked for.
    public var life: Duration { state.withLockedValue { $0.life } }

    public var isConfigured: Bool { state.withLockedValue { $0.inner != nil } }

    public var isDown: Bool { state.withLockedValue { $0.inner }?.isDown ?? false }

    private func inner() throws(CoordinationError) -> any Coordination {
        guard let inner = state.withLockedValue({ $0.inner }) else { throw Self.none }
        return inner
    }

    private static let none = CoordinationError(.unavailable, "there is one replica")

    public func check() async throws(CoordinationError) { try await state.withLockedValue { $0.inner }?.check() }

    public func acquire(
        _ key: CoordinationKey, owner: LeaseOwner, note: [UInt8], life: Duration
    ) async throws(CoordinationError) -> LeaseAnswer {
        try await inner().acquire(key, owner: owner, note: note, life: life)
    }

    public func renew(_ lease: Lease, life: Duration) async throws(CoordinationError) -> Bool {
        try await inner().renew(lease, life: life)
    }

    public func release(_ lease: Lease) async throws(CoordinationError) { try await inner().release(lease) }

    public func value(_ key: CoordinationKey) async throws(CoordinationError) -> [UInt8]? {
        try await inner().value(key)
    }

    public func store(
        _ value: [UInt8], _ key: CoordinationKey, life: Duration, _ condition: StoreCondition
    ) async throws(CoordinationError) -> Bool {
        try await inner().store(value, key, life: life, condition)
    }

    public func remove(_ key: CoordinationKey) async throws(CoordinationError) { try await inner().remove(key) }

    public func add(
        _ amount: Int64, to key: CoordinationKey, life: Duration
    ) async throws(CoordinationError) -> Int64 {
        try await inner().add(amount, to: key, life: life)
    }
}
