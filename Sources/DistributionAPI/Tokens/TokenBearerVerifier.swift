public import Access
public import Tokens

/// Takes the tokens that the token service gives for this server.
public struct TokenBearerVerifier: BearerVerifier {
    private let verifier: TokenVerifier
    private let users: Users
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - users: A token for somebody who is not among them any more is worth nothing.
    ///   - now: Seconds since 1970.
    public init(verifier: TokenVerifier, users: Users, now: @escaping @Sendable () -> Int64) {
        self.verifier = verifier
        self.users = users
        self.now = now
    }

    public func identity(for token: String, origin: ClientOrigin) async throws(CredentialError) -> Identity {
        let verified: VerifiedToken
        do throws(TokenError) {
            verified = try verifier.verify(token, now: now())
        } catch {
            throw .invalidToken(error.description)
        }
        let grants = verified.access.map {
            ResourceAccess(type: $0.type, name: $0.name, actions: $0.actions.map(\.text))
        }
        guard !verified.subject.isAnonymous else { return Identity(origin: origin, grants: grants) }
        guard let user = IdentityID(verified.subject.id).flatMap({ users[$0] }) else {
            throw .invalidToken("its subject is not known any more")
        }
        return Identity(user, origin: origin, grants: grants)
    }
}
