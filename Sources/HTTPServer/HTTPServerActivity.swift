/// How much an ``HTTPServer`` has to do at a moment.
public struct HTTPServerActivity: Sendable, Equatable {
    /// Open ones, idle ones included.
    public let connections: Int
    /// Being answered.
    public let requests: Int
}
