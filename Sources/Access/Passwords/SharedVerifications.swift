/// What servers on one store tell each other of passwords that were right, so that each is hashed once and not by every server.
///
/// Nothing here may be the only reason to let somebody in who has given no password: who looks one up has been given it. An
/// answer that cannot be had is no, within a bounded time.
public protocol SharedVerifications: Sendable {
    /// Whether another server has found these to be right not long ago.
    ///
    /// - Parameter parts: Name, password and stored hash; none of them may be told to anybody.
    func isRight(_ parts: [[UInt8]]) async -> Bool

    func note(_ parts: [[UInt8]]) async
}
