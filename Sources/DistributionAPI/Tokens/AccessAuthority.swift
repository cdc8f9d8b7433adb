public import Access
public import HTTPServer
public import Logging
internal import OCI
public import Registry
public import Tokens

/// Identities and policy for the token service, as one request meets them: its credentials, its certificate, its address.
struct AccessAuthority: TokenAuthority {
    let authorizer: Authorizer
    let request: Request
    /// This server's own name as a service.
    let ownService: ServiceName

    func shownSubject() async throws(RegistryError) -> TokenSubject? {
        let identity: Identity
        do throws(RegistryError) {
            identity = try await authorizer.identity(of: request)
        } catch {
            guard error.status == 401 else { throw error }
            return nil
        }
        // A token does not give another: it would never end.
        guard identity.grants == nil else { return nil }
        return identity.id.flatMap { TokenSubject($0.value) } ?? .anonymous
    }

    func subject(username: String, password: String) async throws(RegistryError) -> TokenSubject? {
        guard let name = Username(username), let credentials = BasicCredentials(username: name, password: password)
        else { return nil }
        let origin = try authorizer.origin(of: request)
        do throws(CredentialError) {
            return TokenSubject(try await authorizer.access.user(credentials, from: origin.address).id.value)
        } catch {
            let refusal = Authorizer.refusal(error)
            guard refusal.status == 401 else { throw refusal }
            return nil
        }
    }

    func credentials(of subject: TokenSubject) async -> CredentialMark? {
        user(subject).map { CredentialMark(of: $0.password.reveal()) }
    }

    func allows(_ access: ScopedAccess, to subject: TokenSubject, at service: ServiceName) async -> Bool {
        guard let origin = try? authorizer.origin(of: request), let identity = identity(subject, origin) else {
            return false
        }
        switch access {
        case .catalog:
            guard authorizer.allows(AccessRequest(.listCatalog), identity) else { return false }
            // Here each name is asked for when the list is made; elsewhere the list is told as it is.
            return service == ownService
                || ScopedAccess.Operation.pull.actions.allSatisfy {
                    authorizer.access.policies.allowsEverywhere($0, for: identity)
                }
        case .repository(let name, let operation):
            return service == ownService
                ? allowsHere(name, operation, identity) : allowsElsewhere(name, operation, identity)
        }
    }

    /// Policy is asked again with each request, so a token may hold what is allowed in part, or depends on what is not
    /// known yet: tag and digest. What no tag and no digest could make allowed it does not hold.
    private func allowsHere(
        _ name: RepositoryName, _ operation: ScopedAccess.Operation, _ identity: Identity
    ) -> Bool {
        let repository = try? authorizer.namespaces.repository(name)
        return operation.actions.contains {
            let request = AccessRequest(
                $0, repository: repository?.name ?? name, namespace: repository?.namespace.key)
            return !authorizer.forecast(request, identity).isNeverAllowed
        }
    }

    /// At another registry the token is the last word: all that it stands for has to be allowed there, for every tag.
    private func allowsElsewhere(
        _ name: RepositoryName, _ operation: ScopedAccess.Operation, _ identity: Identity
    ) -> Bool {
        let key = authorizer.namespaces.all.map(\.key).filter(name.hasPrefix).max {
            $0.value.utf8.count < $1.value.utf8.count
        }
        return operation.actions.allSatisfy {
            authorizer.forecast(AccessRequest($0, repository: name, namespace: key), identity).isAlwaysAllowed
        }
    }

    private func identity(_ subject: TokenSubject, _ origin: ClientOrigin) -> Identity? {
        subject.isAnonymous ? Identity(origin: origin) : user(subject).map { Identity($0, origin: origin) }
    }

    private func user(_ subject: TokenSubject) -> User? {
        IdentityID(subject.id).flatMap { authorizer.access.users[$0] }
    }
}

extension ScopedAccess.Operation {
    /// What it stands for, in the words of policies.
    fileprivate var actions: [AccessAction] {
        switch self {
        case .pull: [.getManifest, .getBlob, .listTags, .getReferrers]
        case .push: [.putManifest, .startUpload, .updateUpload, .completeUpload]
        case .delete: [.deleteManifest, .deleteBlob]
        }
    }
}

extension TokenAPI {
    /// With identities and policy as the configuration has them.
    public init(
        next: any RequestHandler, service: TokenService, access: AccessControl, namespaces: Namespaces, logger: Logger
    ) {
        let authorizer = Authorizer(access: access, namespaces: namespaces, logger: logger)
        let own = service.defaultService
        self.init(next: next, service: service, logger: logger) {
            AccessAuthority(authorizer: authorizer, request: $0, ownService: own)
        }
    }
}
