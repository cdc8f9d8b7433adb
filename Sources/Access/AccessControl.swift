public import OCI

/// Who may do what, as one configuration has it: immutable, replaced as a whole by a reload. What has to outlive
/// configurations (remembered passwords, counted failures) is in the ``PasswordVerifier`` that it refers to.
public struct AccessControl: Sendable {
    public let users: Users
    public let policies: AccessPolicies
    public let challenger: any Challenger
    /// Whether everybody may write only because nothing says who may: then those who reach this machine from elsewhere may
    /// not.
    public let isOpenUnsaid: Bool
    private let passwords: PasswordVerifier?
    private let bearer: (any BearerVerifier)?

    /// - Parameters:
    ///   - passwords: Nil where there are no users.
    ///   - bearer: Nil where no tokens are taken.
    public init(
        users: Users = Users(), policies: AccessPolicies, passwords: PasswordVerifier? = nil,
        bearer: (any BearerVerifier)? = nil, challenger: any Challenger = BasicChallenger(),
        isOpenUnsaid: Bool = false
    ) {
        self.users = users
        self.policies = policies
        self.passwords = passwords
        self.bearer = bearer
        self.challenger = challenger
        self.isOpenUnsaid = isOpenUnsaid
    }

    /// Everybody may do everything but administer.
    public static let open = AccessControl(policies: .open)

    /// Whether there are credentials that could be shown.
    public var takesCredentials: Bool { !users.isEmpty || bearer != nil }

    /// Whom the value of an `Authorization` header speaks for; nil is nobody, which is fine.
    ///
    /// - Throws: If there are credentials and they are not good: wrong ones are never treated as none.
    public func identity(authorization: String?, origin: ClientOrigin) async throws(CredentialError) -> Identity {
        guard let authorization else { return Identity(origin: origin) }
        switch try Credentials(authorization) {
        case .basic(let credentials):
            return Identity(try await user(credentials, from: origin.address), origin: origin)
        case .bearer(let token):
            guard let bearer else { throw .invalidToken("no tokens are taken here") }
            return try await bearer.identity(for: token, origin: origin)
        }
    }

    /// Whose name and password these are.
    public func user(_ credentials: BasicCredentials, from address: ClientAddress?) async throws(CredentialError)
        -> User
    {
        guard let passwords else { throw .wrong }
        return try await passwords.user(credentials, among: users, from: address)
    }

    /// Whether nobody could read anything without an identity: then `/v2/` asks for one.
    ///
    /// - Parameter namespaces: The keys of all namespaces.
    public func deniesAnonymousReads(from origin: ClientOrigin, namespaces: some Sequence<RepositoryName>) -> Bool {
        let anonymous = Identity(origin: origin)
        guard policies.decide(AccessRequest(.getAPIVersion), for: anonymous).isAllowed else { return true }
        guard policies.global == nil else { return false }
        return namespaces.allSatisfy { key in
            policies.repositories[key] != nil
                && !policies.decide(AccessRequest(.getManifest, repository: key, namespace: key), for: anonymous)
                    .isAllowed
        }
    }
}
