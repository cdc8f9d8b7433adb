/// How long the holder of a lease may rely on it, judged by its own clock and from the moment before it asked.
public struct LeaseTerm: Sendable, Equatable {
    private let life: Duration
    /// Nil when it is lost for good.
    private var end: Duration?

    /// - Parameter moment: Before the lease was asked for.
    public init(life: Duration, from moment: Duration) {
        self.life = life
        end = moment + life
    }

    /// - Parameter moment: Before the renewal was asked for: the lease was extended then or later.
    public mutating func extend(from moment: Duration) {
        // What is lost stays lost.
        if end != nil { end = moment + life }
    }

    public mutating func lose() { end = nil }

    public func isOver(now: Duration) -> Bool { end.map { now >= $0 } ?? true }
}
