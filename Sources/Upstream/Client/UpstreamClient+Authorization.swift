import CurlClient
import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore
import Observability
import Tracing

/// What a request shows of who asks.
enum Authorization: Sendable {
    case anonymous
    case basic(RegistryCredentials)
    case bearer(BearerToken)

    var header: String? {
        switch self {
        case .anonymous: nil
        case .basic(let credentials): credentials.basic
        case .bearer(let token): "Bearer \(token.text)"
        }
    }
}

extension UpstreamClient {
    private static let tokenBodyLimit = 64 << 10

    /// What the upstream took last time, so that it need not refuse first.
    func knownAuthorization(_ scope: String) async throws(UpstreamError) -> Authorization {
        if let credentials, credentials.basic != nil, takesBasic.withLockedValue({ $0 }) { return .basic(credentials) }
        guard let issuer = tokens.issuer(tokenKey(scope)),
            // Where the upstream is decides where its token service may be.
            issuer.realm.origin == endpoint.origin || ownRanges.withLockedValue({ $0 }) != nil
        else { return .anonymous }
        return .bearer(try await token(scope, issuer, refused: nil))
    }

    /// What to show after a refusal.
    ///
    /// - Parameter refused: What was shown before.
    func authorization(
        answering challenges: [Challenge], _ scope: String, refused: Authorization
    ) async throws(UpstreamError) -> Authorization {
        var problem = "wants authentication of a kind that is not supported"
        for challenge in challenges where challenge.scheme == "bearer" {
            switch issuer(challenge) {
            case .success(let issuer):
                let token = if case .bearer(let token) = refused { Optional(token) } else { BearerToken?.none }
                return .bearer(try await self.token(scope, issuer, refused: token))
            case .failure(let reason):
                problem = reason.text
            }
        }
        if challenges.contains(where: { $0.scheme == "basic" }) {
            if case .basic = refused {
                problem = "does not accept the user name and password"
            } else if let credentials {
                if credentials.basic != nil { return .basic(credentials) }
                problem = "wants a user name and password, and there is the token of a login; log in with a password"
            } else {
                problem = "wants a user name and password, and none are configured"
            }
        } else if challenges.isEmpty {
            problem = "refuses access without saying how to authenticate"
        }
        takesBasic.withLockedValue { $0 = false }
        throw UpstreamError(.unauthorized, "\(name) \(problem)")
    }

    private struct TokenServiceError: Error {
        let text: String
    }

    /// Where the challenge sends us for a token, if we may go there with what we have.
    private func issuer(_ challenge: Challenge) -> Result<UpstreamTokenIssuer, TokenServiceError> {
        guard let text = challenge.parameters["realm"], !text.isEmpty,
            let realm = AbsoluteURL(origin: endpoint.origin, path: "/v2/").resolving(text)
        else { return .failure(TokenServiceError(text: "names no token service that can be asked")) }
        guard realm.origin.isSecure || !endpoint.origin.isSecure else {
            return .failure(TokenServiceError(text: "names a token service without TLS, which is not asked"))
        }
        guard !realm.origin.isLinkLocal || realm.origin.host == endpoint.origin.host else {
            return .failure(
                TokenServiceError(text: "names a token service at a link-local address, which is not asked"))
        }
        guard realm.origin.isSecure || mayHear(realm.origin) || credentials == nil else {
            return .failure(
                TokenServiceError(text: "names a token service elsewhere without TLS, which gets no password"))
        }
        return .success(
            UpstreamTokenIssuer(
                realm: realm, service: challenge.parameters["service"].flatMap { $0.isEmpty ? nil : $0 }))
    }

    /// Whether the password may go there in the clear: to the upstream itself, and to what runs beside it on this machine.
    private func mayHear(_ service: AbsoluteURL.Origin) -> Bool {
        service == endpoint.origin || (service.host == endpoint.origin.host && service.isLoopback)
    }

    private func tokenKey(_ scope: String) -> TokenCache.Key {
        TokenCache.Key(
            upstream: endpoint.origin, credentials: credentials, clientIdentity: settings.clientIdentity, scope: scope)
    }

    private func token(
        _ scope: String, _ issuer: UpstreamTokenIssuer, refused: BearerToken?
    ) async throws(UpstreamError) -> BearerToken {
        try await tokens.token(tokenKey(scope), from: issuer, refused: refused) { () async throws(UpstreamError) in
            var outcome = "failed"
            defer {
                Counter(
                    label: "entrepot_upstream_token_fetches_total",
                    dimensions: [("upstream", name), ("outcome", outcome)]
                ).increment()
            }
            let token = try await traced(
                "upstream token", kind: .client,
                attributes: ["server.address": .string(issuer.realm.origin.authority)]
            ) { () async throws(UpstreamError) in
                try await fetchToken(scope, issuer)
            }
            outcome = "ok"
            logger.debug(
                "fetched a token",
                metadata: [
                    "upstream": "\(name)", "issuer": "\(issuer.realm.origin.authority)", "scope": "\(scope)",
                    "lifetime": "\(token.lifetime)",
                ])
            return token
        }
    }

    private func fetchToken(_ scope: String, _ issuer: UpstreamTokenIssuer) async throws(UpstreamError) -> IssuedToken {
        let service = "the token service of \(name) at \(issuer.realm.origin.authority)"
        let asker = TokenCache.Asker(
            service: issuer.realm.origin, credentials: credentials, clientIdentity: settings.clientIdentity)
        let wait = tokens.admit(asker)
        guard wait == 0 else {
            throw UpstreamError(
                .rateLimited(retryAfter: wait), "\(service) takes no more requests for \(wait) seconds")
        }
        let answer: CurlResponse
        if let login = credentials?.identityToken {
            (answer, _) = try await follow(
                issuer.realm, .post,
                ["Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"],
                issuer.form(scope: scope, login: login), authorization: nil, isWhole: true)
        } else {
            (answer, _) = try await follow(
                issuer.url(scope: scope), .get, ["Accept": "application/json"], authorization: credentials?.basic,
                isWhole: true)
        }
        tokens.note(
            asker, answer.status == 429 ? RateBlock(retryAfter: retryAfter(answer), now: now()) : nil)
        guard answer.status == 200 else {
            let error = await failure(answer)
            // A service that is not there is no manifest that is not there.
            let kind: UpstreamError.Kind = error.kind == .notFound ? .invalidResponse : error.kind
            throw UpstreamError(kind, "\(service) answered \(answer.status)", cause: error.cause)
        }
        let bytes = try await whole(answer, upTo: Self.tokenBodyLimit)
        guard let token = IssuedToken(json: bytes.readableBytesView) else {
            throw UpstreamError(.invalidResponse, "\(service) sent no usable token")
        }
        return token
    }
}
