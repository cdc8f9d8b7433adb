public import OCI
internal import Storage
internal import Threads

/// Gives tokens: the requested scopes, cut down to what policy allows. Less than was asked for, even nothing, is still a
/// token: the registry that it is shown to reports what is missing.
public struct TokenService: Sendable {
    public let issuer: TokenIssuer
    /// The registries it gives tokens for.
    public let services: Set<ServiceName>
    /// What a request that names none means; this server's own name.
    public let defaultService: ServiceName
    /// Seconds.
    public let refreshLifetime: Int64
    private let refreshTokens: any RefreshTokenStore
    private let now: @Sendable () -> Int64

    /// - Parameter now: Seconds since 1970.
    public init(
        issuer: TokenIssuer, services: Set<ServiceName>, defaultService: ServiceName, refreshLifetime: Int64,
        refreshTokens: any RefreshTokenStore, now: @escaping @Sendable () -> Int64
    ) {
        self.issuer = issuer
        self.services = services
        self.defaultService = defaultService
        self.refreshLifetime = refreshLifetime
        self.refreshTokens = refreshTokens
        self.now = now
    }

    public func answer(
        _ request: TokenRequest, _ authority: some TokenAuthority
    ) async throws(TokenRequestError) -> TokenAnswer {
        let service = try service(request)
        let subject = try await subject(request, service, authority)
        let granted = await authority.grant(request.scopes, to: subject, at: service)
        let issuedAt = now()
        var refreshToken: String?
        if case .refresh(let text) = request.grant {
            refreshToken = text
        } else if request.wantsRefreshToken, !subject.isAnonymous {
            guard let mark = await authority.credentials(of: subject) else { throw .badCredentials }
            refreshToken = try await newRefreshToken(subject, service, request.client, mark, issuedAt)
        }
        let token = try await sign(subject, service, granted, issuedAt)
        return TokenAnswer(
            form: request.form, token: token, expiresIn: issuer.lifetime, issuedAt: issuedAt, granted: granted,
            refreshToken: refreshToken, subject: subject)
    }

    /// Forgets all refresh tokens of one subject, and says how many there were.
    public func revoke(_ subject: TokenSubject) async throws(RegistryError) -> Int {
        do throws(StorageError) {
            return try await refreshTokens.removeAll(of: RefreshTokenOwner(subject))
        } catch {
            throw Self.unavailable(error)
        }
    }

    private func subject(
        _ request: TokenRequest, _ service: ServiceName, _ authority: some TokenAuthority
    ) async throws(TokenRequestError) -> TokenSubject {
        switch request.grant {
        case .header:
            return try await credible { () throws(RegistryError) in try await authority.shownSubject() }
        case .password(let username, let password):
            return try await credible { () throws(RegistryError) in
                try await authority.subject(username: username, password: password)
            }
        case .refresh(let text):
            return try await refreshed(text, service, request.client, authority)
        }
    }

    /// Away from the caller's event loop: an RSA signature takes milliseconds, and anybody may ask for one.
    private func sign(
        _ subject: TokenSubject, _ service: ServiceName, _ access: [ResourceScope], _ now: Int64
    ) async throws(TokenRequestError) -> String {
        do {
            return try await ThreadPool.shared.run { [issuer] in
                try issuer.issue(to: subject, service: service, access: access, now: now)
            }
        } catch {
            throw .unavailable(RegistryError(.unknown, "the token cannot be signed", cause: error))
        }
    }

    private func service(_ request: TokenRequest) throws(TokenRequestError) -> ServiceName {
        guard let text = request.service else { return defaultService }
        guard let service = ServiceName(text), services.contains(service) else { throw .unknownService(text) }
        return service
    }

    private func credible(
        _ look: () async throws(RegistryError) -> TokenSubject?
    ) async throws(TokenRequestError) -> TokenSubject {
        let subject: TokenSubject?
        do throws(RegistryError) {
            subject = try await look()
        } catch {
            throw .unavailable(error)
        }
        guard let subject else { throw .badCredentials }
        return subject
    }

    private func refreshed(
        _ text: String, _ service: ServiceName, _ client: ClientID, _ authority: some TokenAuthority
    ) async throws(TokenRequestError) -> TokenSubject {
        guard let token = RefreshToken(text) else { throw .badCredentials }
        let record: RefreshRecord?
        do throws(StorageError) {
            record = try await refreshTokens.record(token.id)
        } catch {
            throw .unavailable(Self.unavailable(error))
        }
        guard let record, record.expires > now(), record.service == service.text,
            client.sharesCredentials(with: record.client), let subject = TokenSubject(record.subject),
            let mark = record.credentials, await authority.credentials(of: subject) == mark
        else { throw .badCredentials }
        return subject
    }

    private func newRefreshToken(
        _ subject: TokenSubject, _ service: ServiceName, _ client: ClientID, _ mark: CredentialMark, _ now: Int64
    ) async throws(TokenRequestError) -> String {
        let token = RefreshToken(for: subject)
        let record = RefreshRecord(
            subject: subject.id, service: service.text, client: client, credentials: mark, issued: now,
            expires: now + refreshLifetime)
        do throws(StorageError) {
            try await refreshTokens.save(record, as: token.id)
        } catch {
            throw .unavailable(Self.unavailable(error))
        }
        return token.text
    }

    private static func unavailable(_ error: StorageError) -> RegistryError {
        RegistryError(.unavailable, "refresh tokens cannot be stored or looked up now; try again", cause: error)
    }
}
