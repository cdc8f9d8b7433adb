public import Coordination
internal import NIOConcurrencyHelpers

/// This process as one of those that share a store: where they agree on who does what, where they share small values, and
/// how the others reach this one.
public final class Replica: Sendable {
    private struct State {
        var secret: ClusterSecret?
        var address: String?
        var caBundle: String?
    }

    /// Leases: who may work on what.
    public let leases: SwitchedCoordination
    /// Small values that all of them may use.
    public let values: SwitchedCoordination
    public let clock: LeaseClock
    /// Locks that hold in the whole cluster.
    public let locks: ClusterLocks
    private let state = NIOLockedValueBox(State())

    /// One that is alone, until told otherwise.
    public init(
        leases: SwitchedCoordination = SwitchedCoordination(), values: SwitchedCoordination = SwitchedCoordination(),
        secret: ClusterSecret? = nil, address: String? = nil, clock: LeaseClock = .system
    ) {
        self.leases = leases
        self.values = values
        self.clock = clock
        locks = ClusterLocks(leases, life: { leases.life }, clock: clock)
        state.withLockedValue { $0 = State(secret: secret, address: address) }
    }

    /// What all replicas know and nobody else; nil where none was given.
    public var secret: ClusterSecret? { state.withLockedValue { $0.secret } }

    /// Scheme, host and port under which the others reach this replica; nil before it listens.
    public var address: String? { state.withLockedValue { $0.address } }

    /// Path of the authorities for other replicas' certificates; nil for the system's.
    public var caBundle: String? { state.withLockedValue { $0.caBundle } }

    public func adjust(secret: ClusterSecret?, caBundle: String?) {
        state.withLockedValue { ($0.secret, $0.caBundle) = (secret, caBundle) }
    }

    public func adjust(address: String?) { state.withLockedValue { $0.address = address } }

    /// Whether fills are divided among replicas.
    public var dividesFills: Bool { leases.isConfigured && secret != nil }
}
