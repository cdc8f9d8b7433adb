/// How much of an upstream may be used at a time, as the operator wants it.
public struct UpstreamCaps: Sendable, Hashable {
    /// Requests at a time, each on a connection of its own; nil for any number.
    public var connections: Int?
    /// Of all its answers together, on average over a second; nil for any.
    public var bytesPerSecond: Int?

    public init(connections: Int? = nil, bytesPerSecond: Int? = nil) {
        self.connections = connections
        self.bytesPerSecond = bytesPerSecond
    }

    /// The smaller of each.
    func tightened(by other: UpstreamCaps) -> UpstreamCaps {
        func smaller(_ one: Int?, _ other: Int?) -> Int? { [one, other].compactMap { $0 }.min() }
        return UpstreamCaps(
            connections: smaller(connections, other.connections),
            bytesPerSecond: smaller(bytesPerSecond, other.bytesPerSecond))
    }
}
