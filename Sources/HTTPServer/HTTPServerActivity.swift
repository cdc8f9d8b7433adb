/// How much an ``HTTPServer`` has to do at a moment.
public struct HTTPServerActivity: Sendable, Equatable {
    /// Open ones, idle ones included.
    public let connections: Int
    /// Being answered, but for those that are answered at once.
    public let requests: Int
    /// Waiting for one of those to end.
    public let waiting: Int
    /// Whether one of those that are answered at once was, within the last second.
    let hasAnsweredAtOnce: Bool

    /// Clients are being served, or were within the last second.
    public var isServing: Bool { isServing(besides: 0) }

    /// - Parameter waiting: Requests that only wait for something else to be done.
    public func isServing(besides waiting: Int) -> Bool { requests > waiting || hasAnsweredAtOnce }
}
