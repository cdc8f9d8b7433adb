/// The time for which somebody who answered 429 is left alone. Then one request finds out, while the others wait for what
/// it learns.
struct RateBlock: Equatable {
    /// Seconds for which a limit without `Retry-After` is kept away from.
    private static let usualWait: Int64 = 60
    /// So long the one who finds out has the field to itself.
    private static let probeTime: Int64 = 10

    /// Seconds since 1970. Before it began it does not hold: a clock that was set back must not lengthen it.
    private var start: Int64
    /// Seconds since 1970.
    private(set) var end: Int64

    /// - Parameter retryAfter: Seconds; nil if it was not said.
    init(retryAfter: Int?, now: Int64) {
        start = now
        end = now + min(retryAfter.map { Int64($0) } ?? Self.usualWait, RetryAfter.longest)
    }

    /// As somebody else has it; nil if it is over.
    init?(until end: Int64, now: Int64) {
        guard end > now else { return nil }
        start = now
        self.end = min(end, now + RetryAfter.longest)
    }

    /// Seconds that are left; 0 if it is over.
    func wait(now: Int64) -> Int {
        now < start ? 0 : Int(max(end - now, 0))
    }

    /// - Returns: Seconds to wait; 0 for the one who finds out.
    mutating func admit(now: Int64) -> Int {
        let wait = wait(now: now)
        if wait == 0 { (start, end) = (now, now + Self.probeTime) }
        return wait
    }

    /// Who was to find out has not: the next one is.
    mutating func giveUp(now: Int64) { (start, end) = (now, now) }
}
