/// Whether the server is worth asking: after a failure it is left alone for a while, longer after each further one.
struct RedisBreaker {
    private static let longest = Duration.seconds(5)

    private var failures = 0
    private var closedUntil: Duration?
    /// One asks again while the others go on without.
    private var isProbing = false

    var isOpen: Bool { closedUntil != nil }

    enum Admission {
        case refused
        case ordinary
        /// To find out whether the server answers again.
        case probe
    }

    /// Whether the caller may ask. It then says what came of it.
    mutating func admission(now: Duration) -> Admission {
        guard let end = closedUntil else { return .ordinary }
        guard now >= end, !isProbing else { return .refused }
        isProbing = true
        return .probe
    }

    mutating func succeeded() { self = RedisBreaker() }

    /// - Parameter jitter: From 0.5 to 1.5, so that replicas do not come back in step.
    mutating func failed(now: Duration, jitter: Double) {
        failures = min(failures + 1, 10)
        isProbing = false
        let wait = min(Duration.milliseconds(250) * (1 << (failures - 1)), Self.longest)
        closedUntil = now + wait * jitter
    }

    /// A probe that said nothing about the server.
    mutating func abandoned() { isProbing = false }
}
