/// Tells whom a bearer token speaks for, and for what.
public protocol BearerVerifier: Sendable {
    /// - Parameters:
    ///   - token: Printable ASCII, not empty.
    ///   - origin: Becomes the identity's.
    /// - Returns: An identity with ``Identity/grants``, anonymous for a token without a subject.
    /// - Throws: ``CredentialError/invalidToken(_:)`` for a token that is not ours, not yet or no longer valid, or whose
    ///   subject is gone.
    func identity(for token: String, origin: ClientOrigin) async throws(CredentialError) -> Identity
}
