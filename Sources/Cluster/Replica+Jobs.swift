internal import Coordination

extension Replica {
    /// Runs what one replica at a time does for all.
    ///
    /// - Parameter rest: Not if it was done so lately.
    /// - Returns: Nil if another replica does it, or did it within `rest`.
    @discardableResult
    public func alone<Value: Sendable>(
        _ job: String, unlessDoneWithin rest: Duration? = nil, _ body: @Sendable () async -> Value
    ) async -> Value? {
        let done = CoordinationKey(.job, job)
        let outcome = await locks.withLockIfFree(CoordinationKey(.job, job)) { (_) async -> Value? in
            if rest != nil, let mark = try? await leases.value(done), !mark.isEmpty { return nil }
            let value = await body()
            // Who cannot be told does it once more.
            if let rest { _ = try? await leases.store([1], done, life: rest, .always) }
            return value
        }
        return outcome ?? nil
    }
}

extension CoordinationKey.Space {
    static let job = Self("job")
}
