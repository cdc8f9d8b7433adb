/// How much an ``HTTPServer`` has to do at a moment.
public struct HTTPServerActivity: Sendable, Equatable {
    /// Open ones, idle ones included.
    public let connections: Int
    /// Being answered, but for those that are answered at once.
    public let requests: Int
    /// Waiting for one of those to end.
    public let waiting: Int
    /// Clients are being served, or were within the last second.
    public let isServing: Bool
}
