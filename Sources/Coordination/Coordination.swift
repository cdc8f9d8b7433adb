/// What replicas that share a store agree on: who may work on something, and small values that all of them may use.
///
/// A caller says what it needs and never how: ``MemoryCoordination`` serves one process, an adapter for Redis any number.
/// Nothing here may be the only copy of anything: a store of values that forgot all of them costs time and no content.
///
/// Every call returns within a bounded time. ``CoordinationError/Code/unavailable`` says that nobody can be asked now; it is
/// for the caller to go on alone where that is safe, as ``ClusterLocks`` does.
public protocol Coordination: Sendable {
    /// Whether the last who asked got no answer: then everybody is told ``CoordinationError/Code/unavailable`` at once.
    var isDown: Bool { get }

    /// Whether there is anybody who could be asked.
    var isConfigured: Bool { get }

    /// Asks for a sign of life.
    func check() async throws(CoordinationError)

    /// Takes a lease, or extends it if `owner` holds it already (the fence stays).
    ///
    /// - Parameters:
    ///   - note: What others are told who find it taken, such as an address; at most ``CoordinationLimits/maxValue`` bytes.
    ///   - life: After it the lease is free again, unless it was renewed.
    func acquire(
        _ key: CoordinationKey, owner: LeaseOwner, note: [UInt8], life: Duration
    ) async throws(CoordinationError) -> LeaseAnswer

    /// Holds the lease for another `life` from now.
    /// - Returns: false if it is not held any more; then it must be taken to be somebody else's.
    func renew(_ lease: Lease, life: Duration) async throws(CoordinationError) -> Bool

    /// Gives the lease back, if it is still held.
    func release(_ lease: Lease) async throws(CoordinationError)

    /// Nil if there is none, or its life is over.
    func value(_ key: CoordinationKey) async throws(CoordinationError) -> [UInt8]?

    /// - Parameter value: Of 1 to ``CoordinationLimits/maxValue`` bytes.
    /// - Returns: false if `condition` did not hold and nothing was stored.
    func store(
        _ value: [UInt8], _ key: CoordinationKey, life: Duration, _ condition: StoreCondition
    ) async throws(CoordinationError) -> Bool

    /// Absence is no error.
    func remove(_ key: CoordinationKey) async throws(CoordinationError)

    /// Adds to a counter, which begins at 0.
    ///
    /// - Parameter life: Of the counter, from its first addition.
    /// - Returns: The sum.
    func add(_ amount: Int64, to key: CoordinationKey, life: Duration) async throws(CoordinationError) -> Int64
}

extension Coordination {
    public var isDown: Bool { false }

    public var isConfigured: Bool { true }

    public func check() async throws(CoordinationError) {}
}

/// When a value is to be stored.
public enum StoreCondition: Sendable {
    case always
    case ifAbsent
}

/// Bounds of what is shared.
public enum CoordinationLimits {
    /// Bytes of a value or note.
    public static let maxValue = 64 * 1024
}
