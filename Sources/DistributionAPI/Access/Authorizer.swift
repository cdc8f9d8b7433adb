internal import Access
internal import HTTPServer
internal import Logging
internal import NIOHTTP1
internal import NIOSSL
internal import OCI
internal import Observability
internal import Registry
internal import Tracing

/// Stands before every answer: who asks, and whether they may. Nothing is looked up for those who may not.
struct Authorizer: Sendable {
    let access: AccessControl
    let namespaces: Namespaces
    let logger: Logger
    private let subjects = CertificateSubjects()
    private let failures = FailedRules()
    private let decisions = DecisionCounters()

    init(access: AccessControl, namespaces: Namespaces, logger: Logger) {
        self.access = access
        self.namespaces = namespaces
        self.logger = logger
    }

    /// Who makes the request, if they may.
    ///
    /// - Throws: 401 where (other) credentials could help, 403 where not; 429 and 503 where passwords are not looked at
    ///   for now.
    func admit(_ action: Action, _ request: Request) async throws(RegistryError) -> Identity {
        guard let word = action.access else { return .anonymous }
        if access.isOpenUnsaid, !word.operation.isReading, let objection = LocalRequest.objection(to: request) {
            throw Self.refusal(objection)
        }
        let showsNothing = !request.headers.contains(name: "Authorization")
        if action == .getAPIVersion {
            // Whom a certificate names needs no invitation.
            if showsNothing, request.clientCertificates.isEmpty { try invite(request) }
        } else if isOpenToAnybody(action, request) {
            return .anonymous
        }
        let identity = try await identity(of: request)
        guard showsNothing || !access.policies.isOpen(to: word.operation) || identity.grants != nil else {
            return identity
        }
        try check(accessRequest(action, word, request), identity)
        return identity
    }

    /// Whether everybody may do this, and the request says nothing of who makes it.
    func isOpenToAnybody(_ action: Action, _ request: Request) -> Bool {
        guard let word = action.access, access.policies.isOpen(to: word.operation),
            !request.headers.contains(name: "Authorization")
        else { return false }
        guard action == .getAPIVersion else { return true }
        return request.clientCertificates.isEmpty && (try? invite(request)) != nil
    }

    /// Whom the request's credentials and certificate name.
    func identity(of request: Request) async throws(RegistryError) -> Identity {
        let fields = request.headers["Authorization"]
        guard fields.count <= 1 else { throw Self.refusal(.malformed) }
        let origin = try origin(of: request)
        do throws(CredentialError) {
            return try await access.identity(authorization: fields.first, origin: origin)
        } catch {
            throw Self.refusal(error)
        }
    }

    /// - Throws: If the identity may not do this; each rule that fails is logged once.
    func check(_ request: AccessRequest, _ identity: Identity) throws(RegistryError) {
        let decision =
            Traces.isOn
            ? withSpan("policy") { _ in access.policies.decide(request, for: identity) }
            : access.policies.decide(request, for: identity)
        decisions.count(request.action.operation, isAllowed: decision.isAllowed)
        guard !decision.isAllowed else { return }
        warnOnce(decision, request, identity)
        let couldHelp = decision.basis == .grants || (identity.id == nil && access.takesCredentials)
        throw RegistryError(
            couldHelp ? .unauthorized : .denied,
            couldHelp
                ? "this needs credentials that may do it: log in" : "an access policy does not let this client do this",
            cause: AccessDenialError.decision(decision, request))
    }

    /// As ``check(_:_:)``, for what is asked often in one request.
    func allows(_ request: AccessRequest, _ identity: Identity) -> Bool {
        let decision = access.policies.decide(request, for: identity)
        warnOnce(decision, request, identity)
        return decision.isAllowed
    }

    /// What can be said before tag and digest are known; failures are logged as by ``allows(_:_:)``.
    func forecast(_ request: AccessRequest, _ identity: Identity) -> AccessForecast {
        let forecast = access.policies.forecast(request, for: identity)
        if case .certain(let decision) = forecast { warnOnce(decision, request, identity) }
        return forecast
    }

    private func warnOnce(_ decision: Decision, _ request: AccessRequest, _ identity: Identity) {
        guard case .failedRule(let scope, let index, _, _) = decision.basis, failures.isNew(scope, index) else {
            return
        }
        warn(decision, request, identity)
    }

    private func warn(_ decision: Decision, _ request: AccessRequest, _ identity: Identity) {
        logger.warning(
            "an access rule failed, which denies",
            metadata: [
                "rule": "\(decision.basis)", "action": "\(request.action.rawValue)",
                "repository": "\(request.repository?.value ?? "-")", "identity": "\(identity)",
            ])
    }

    /// Whether pulling from a repository is allowed.
    ///
    /// - Parameter name: As the client calls it, if it does.
    func allowsPulling(
        _ repository: Repository, as name: RepositoryName? = nil, _ identity: Identity, digest: Digest? = nil
    ) -> Bool {
        let action: AccessAction = digest == nil ? .getManifest : .getBlob
        return allows(
            AccessRequest(
                action, repository: repository.name, namespace: repository.namespace.key, digest: digest,
                alias: name.flatMap { alias($0, of: repository) }),
            identity)
    }

    /// The name, if it is another one that tokens may have for this repository. A name that means it only together with
    /// `?ns=` is not: a token for that name is for another repository.
    func alias(_ name: RepositoryName, of repository: Repository) -> RepositoryName? {
        guard name != repository.name, (try? namespaces.repository(name))?.name == repository.name else { return nil }
        return name
    }

    /// Values of `WWW-Authenticate` for a refusal; none for what credentials do not help with.
    func challenges(_ error: RegistryError, _ request: Request) -> [String] {
        guard error.status == 401, access.takesCredentials else { return [] }
        let denial = error.cause as? AccessDenialError
        var wanted: [ResourceAccess] = []
        if case .decision(_, let request)? = denial { wanted = request.wanted }
        return access.challenger.challenges(
            ChallengeOccasion(
                wanted: wanted, failure: denial?.failure, host: request.headers.first(name: "Host"),
                isSecure: request.isSecure || Self.wishesForTLS(request)))
    }

    /// Where no proxies are named, one may still say that its client came over TLS. Nothing but where that client is sent
    /// hangs on it, and whoever lies is sent to a better place than without.
    private static func wishesForTLS(_ request: Request) -> Bool {
        request.forwarding == .unconfigured && request.headers.first(name: "X-Forwarded-Proto") == "https"
    }

    /// At `/v2/` clients find out whether to bring credentials: before a login, and some (Docker) before everything.
    private func invite(_ request: Request) throws(RegistryError) {
        guard access.takesCredentials else { return }
        if !access.challenger.servesAnonymousClients {
            guard !access.policies.isOpen(to: .pull) else { return }
            let origin = try origin(of: request)
            guard access.deniesAnonymousReads(from: origin, namespaces: namespaces.all.lazy.map(\.key)) else { return }
        }
        throw RegistryError(
            .unauthorized, "this registry asks for credentials: log in", cause: AccessDenialError.invitation)
    }

    private func accessRequest(_ action: Action, _ word: AccessAction, _ request: Request) -> AccessRequest {
        guard let name = action.repository else { return AccessRequest(word) }
        let repository = try? namespaces.repository(name, request)
        // What no namespace takes is judged by the name the client gave, so that it looks like what is forbidden.
        return AccessRequest(
            word, repository: repository?.name ?? name, namespace: repository?.namespace.key,
            reference: action.reference, digest: action.digest ?? Self.announced(action, request),
            alias: repository.flatMap { alias(name, of: $0) })
    }

    /// The digest that the query of an upload names: of what is completed, sent in one piece, or mounted.
    private static func announced(_ action: Action, _ request: Request) -> Digest? {
        guard request.query != nil, let query = try? Query(request.query) else { return nil }
        return switch action {
        case .completeUpload: query["digest"].flatMap { Digest($0) }
        case .startUpload: (query["mount"] ?? query["digest"]).flatMap { Digest($0) }
        default: nil
        }
    }

    func origin(of request: Request) throws(RegistryError) -> ClientOrigin {
        let address = request.clientAddress.flatMap { ClientAddress($0) }
        guard let certificate = request.clientCertificates.first else { return ClientOrigin(address: address) }
        guard let subject = subjects.subject(of: certificate) else {
            throw RegistryError(
                .denied, "the client certificate's subject cannot be read",
                cause: AccessDenialError.unreadableCertificate)
        }
        return ClientOrigin(address: address, certificate: subject)
    }

    private static func refusal(_ objection: String) -> RegistryError {
        RegistryError(
            .denied,
            "as long as nothing says who may write, only this machine's own users may, and of this request \(objection); "
                + "set global.default_access, or say who may write")
    }

    static func refusal(_ error: CredentialError) -> RegistryError {
        let cause = AccessDenialError.credentials(error)
        switch error {
        case .malformed, .wrong, .invalidToken:
            return RegistryError(.unauthorized, "the credentials are not valid", cause: cause)
        case .slowed(let seconds):
            return RegistryError(
                .tooManyRequests, "too many wrong passwords from this address", retryAfter: seconds, cause: cause)
        case .busy:
            return RegistryError(
                .tooManyRequests, status: 503, "too many passwords are being checked; try again", retryAfter: 1,
                cause: cause)
        }
    }
}

extension Namespaces {
    /// The repository meant by path and `?ns=`.
    func repository(_ name: RepositoryName, _ request: Request) throws(RegistryError) -> Repository {
        guard request.query != nil, let host = try Query(request.query)["ns"],
            // A client that was given this very server as the registry asks for it by its own name.
            host != request.headers.first(name: "Host")
        else { return try repository(name) }
        return try repository(name, host: host)
    }
}
