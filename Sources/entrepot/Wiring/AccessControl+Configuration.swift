import Access
import Configuration
import DistributionAPI
import OCI
import Tokens

extension AccessControl {
    /// Who may do what, as the configuration has it.
    ///
    /// - Parameters:
    ///   - token: The token service, where there is one.
    ///   - passwords: Outlives configurations.
    init(_ configuration: Configuration, token: TokenSection?, passwords: PasswordVerifier) {
        let users = Users(configuration.identities.map(\.user))
        let policies = AccessPolicies(configuration)
        guard let token else {
            self.init(
                users: users, policies: policies, passwords: passwords, isOpenUnsaid: configuration.isOpenUnsaid)
            return
        }
        let verifier = TokenVerifier(issuer: token.issuer, audience: token.defaultService, keys: token.keys)
        self.init(
            users: users, policies: policies, passwords: passwords,
            bearer: TokenBearerVerifier(verifier: verifier, users: users, now: WallClock.seconds),
            challenger: TokenChallenger(realm: token.realm?.description, service: token.defaultService))
    }
}

extension AccessPolicies {
    init(_ configuration: Configuration) {
        self.init(
            global: configuration.accessPolicy,
            repositories: Dictionary(
                configuration.repositories.compactMap { section in section.accessPolicy.map { (section.name, $0) } },
                uniquingKeysWith: { first, _ in first }),
            fallback: configuration.defaultAccess)
    }
}

extension TokenService {
    /// - Parameter refreshTokens: Outlives configurations.
    init(_ section: TokenSection, refreshTokens: any RefreshTokenStore) {
        self.init(
            issuer: TokenIssuer(
                issuer: section.issuer, keys: section.keys, lifetime: section.ttl.milliseconds / 1000),
            services: Set(section.services), defaultService: section.defaultService,
            refreshLifetime: section.refreshTTL.milliseconds / 1000, refreshTokens: refreshTokens,
            now: WallClock.seconds)
    }
}
