public import Coordination

/// ``Coordination`` among all replicas that use one Redis.
///
/// Calls wait on threads of their own, at most for the time-outs of ``RedisSettings``. After a failure the server is left
/// alone for up to some seconds, and everybody gets ``CoordinationError/Code/unavailable`` at once; then one asks again.
/// Nothing has to be restarted when it is back.
///
/// A command whose answer was lost may have been carried out. Leases and values bear that; a counter may count once more.
public final class RedisCoordination: Coordination {
    private let pool: RedisPool
    private let prefix: String

    /// Connects to nothing yet.
    /// - Parameter now: Time since some moment, never set back.
    public init(_ settings: RedisSettings, now: @escaping @Sendable () -> Duration = MemoryCoordination.uptime) {
        pool = RedisPool(settings, now: now)
        prefix = settings.keyPrefix
    }

    public var isDown: Bool { pool.isDown }

    public func check() async throws(CoordinationError) {
        guard try await pool.send(["PING"]) == .status("PONG") else { throw Self.unintelligible }
    }

    public func acquire(
        _ key: CoordinationKey, owner: LeaseOwner, note: [UInt8], life: Duration
    ) async throws(CoordinationError) -> LeaseAnswer {
        guard note.count <= CoordinationLimits.maxValue else { throw .tooLarge }
        let answer = try await pool.send([
            "EVAL", RedisScripts.acquire, "2", name(key, "lease"), RedisArgument(prefix + "fence"),
            RedisArgument(owner.description), RedisArgument(milliseconds: life), RedisArgument(note),
        ])
        guard case .array(let parts) = answer else { throw Self.unintelligible }
        switch (parts.first, parts.count) {
        case (.integer(1), 2):
            guard case .bytes(let text) = parts[1], let fence = UInt64(String(decoding: text, as: UTF8.self)) else {
                throw Self.unintelligible
            }
            return .granted(Lease(key: key, owner: owner, fence: fence))
        case (.integer(0), 3):
            guard case .bytes(let note) = parts[1], case .integer(let left) = parts[2] else {
                throw Self.unintelligible
            }
            return .taken(note: note, left: .milliseconds(max(left, 1)))
        default:
            throw Self.unintelligible
        }
    }

    public func renew(_ lease: Lease, life: Duration) async throws(CoordinationError) -> Bool {
        let answer = try await pool.send(
            [
                "EVAL", RedisScripts.renew, "1", name(lease.key, "lease"), RedisArgument(lease.owner.description),
                RedisArgument(milliseconds: life), RedisArgument(lease.fence),
            ], .renewal)
        return answer == .integer(1)
    }

    public func release(_ lease: Lease) async throws(CoordinationError) {
        _ = try await pool.send(
            [
                "EVAL", RedisScripts.release, "1", name(lease.key, "lease"), RedisArgument(lease.owner.description),
                RedisArgument(lease.fence),
            ], .release)
    }

    public func value(_ key: CoordinationKey) async throws(CoordinationError) -> [UInt8]? {
        // Never more than what may be there, whoever wrote it.
        let answer = try await pool.send([
            "GETRANGE", name(key, "value"), "0", RedisArgument(CoordinationLimits.maxValue),
        ])
        guard case .bytes(let bytes) = answer else { throw Self.unintelligible }
        return bytes.isEmpty || bytes.count > CoordinationLimits.maxValue ? nil : bytes
    }

    public func store(
        _ value: [UInt8], _ key: CoordinationKey, life: Duration, _ condition: StoreCondition
    ) async throws(CoordinationError) -> Bool {
        guard !value.isEmpty else { throw .empty }
        guard value.count <= CoordinationLimits.maxValue else { throw .tooLarge }
        var command: [RedisArgument] = [
            "SET", name(key, "value"), RedisArgument(value), "PX", RedisArgument(milliseconds: life),
        ]
        if condition == .ifAbsent { command.append("NX") }
        return try await pool.send(command) == .status("OK")
    }

    public func remove(_ key: CoordinationKey) async throws(CoordinationError) {
        _ = try await pool.send(["DEL", name(key, "value")])
    }

    public func add(
        _ amount: Int64, to key: CoordinationKey, life: Duration
    ) async throws(CoordinationError) -> Int64 {
        let answer = try await pool.send([
            "EVAL", RedisScripts.add, "1", name(key, "counter"), RedisArgument(amount),
            RedisArgument(milliseconds: life),
        ])
        guard case .integer(let sum) = answer else { throw Self.unintelligible }
        return sum
    }

    private func name(_ key: CoordinationKey, _ kind: String) -> RedisArgument {
        RedisArgument("\(prefix)\(kind):\(key)")
    }

    private static let unintelligible = CoordinationError(
        .unintelligible, "Redis answers what was not asked for; is its key prefix shared with something else?")
}
