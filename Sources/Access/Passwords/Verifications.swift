import NIOCore

/// What a ``PasswordVerifier`` knows: right passwords, checks under way with who waits for them, and failures.
struct Verifications {
    typealias Waiter = CheckedContinuation<PasswordVerifier.Outcome, Never>

    enum Entry {
        case answer(PasswordVerifier.Outcome)
        /// Somebody else's check will answer.
        case joined
        /// The check is to be made now, and answered with ``Verifications/leave(_:_:_:now:)``.
        case run
    }

    private let limits: PasswordVerifier.Limits
    private var right: [Fingerprint: NIODeadline] = [:]
    private var underWay: [Fingerprint: [Waiter]] = [:]
    private var failures: FailureTable

    init(_ limits: PasswordVerifier.Limits) {
        self.limits = limits
        failures = FailureTable(
            FailureTable.Limits(burst: limits.failures, recovery: limits.recovery, addresses: limits.addresses))
    }

    func remembers(_ fingerprint: Fingerprint, now: NIODeadline) -> Bool {
        right[fingerprint].map { $0 > now } ?? false
    }

    mutating func enter(
        _ fingerprint: Fingerprint, _ address: ClientAddress?, _ waiter: Waiter, now: NIODeadline
    ) -> Entry {
        if remembers(fingerprint, now: now) { return .answer(.right) }
        if underWay[fingerprint] != nil {
            underWay[fingerprint]?.append(waiter)
            return .joined
        }
        guard underWay.count < limits.waiting else { return .answer(.busy) }
        if let wait = failures.charge(address, now: now) { return .answer(.slowed(wait)) }
        underWay[fingerprint] = [waiter]
        return .run
    }

    /// - Parameter outcome: Nil if the check was not made.
    /// - Returns: Who is to be told.
    mutating func leave(
        _ fingerprint: Fingerprint, _ outcome: PasswordVerifier.Outcome?, _ address: ClientAddress?, now: NIODeadline
    ) -> [Waiter] {
        if outcome != .wrong { failures.refund(address, now: now) }
        if outcome == .right { remember(fingerprint, now: now) }
        return underWay.removeValue(forKey: fingerprint) ?? []
    }

    private mutating func remember(_ fingerprint: Fingerprint, now: NIODeadline) {
        if right.count >= limits.entries {
            right = right.filter { $0.value > now }
            if right.count >= limits.entries, let any = right.keys.first { right[any] = nil }
        }
        right[fingerprint] = now + limits.remembered
    }
}
