import Access
import DistributionAPI
import Foundation
import HTTPServer
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import OCI
import Registry
import TestSupport
import Testing
import Tokens

/// Tokens and policies together: what is asked for, what is granted, and what a grant is worth at the door.
@Suite struct TokenAccessTests {
    private static let now: Int64 = 1_800_000_000
    private static let bcrypt = "$2y$05$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe"

    private let key: SigningKey
    private let own: ServiceName
    private let other: ServiceName

    init() throws {
        key = try SigningKey(pem: try SigningKey.generate(.es256))
        own = try #require(ServiceName("entrepot"))
        other = try #require(ServiceName("elsewhere"))
    }

    private func user(_ name: String) throws -> User {
        User(
            id: try #require(IdentityID(name)), username: try #require(Username(name)),
            password: try PasswordHash(Self.bcrypt))
    }

    private func api(
        _ shop: Workshop, people: [String] = ["alice", "bob"], rules: [String], defaultAllow: Bool = false,
        namespaces: Namespaces? = nil, local: [String]? = nil
    ) throws -> TokenAPI {
        let users = Users(try people.map(user))
        let namespaces = namespaces ?? shop.namespaces
        let keys = TokenKeys(signing: key)
        let policy = AccessPolicy(defaultAllow: defaultAllow, rules: try rules.map { try AccessRule($0) })
        let own = try local.map { AccessPolicy(rules: try $0.map { try AccessRule($0) }) }
        let access = AccessControl(
            users: users,
            policies: AccessPolicies(
                global: local == nil ? policy : nil,
                repositories: own.map { [namespaces.all[0].key: $0] } ?? [:]),
            bearer: TokenBearerVerifier(
                verifier: TokenVerifier(issuer: "us", audience: self.own, keys: keys), users: users, now: { Self.now }),
            challenger: TokenChallenger(realm: nil, service: self.own))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return TokenAPI(
            next: DistributionAPI(
                registry: shop.registry, namespaces: namespaces, readiness: Readiness(), access: access,
                logger: logger),
            service: TokenService(
                issuer: TokenIssuer(issuer: "us", keys: keys, lifetime: 300), services: [self.own, other],
                defaultService: self.own, refreshLifetime: 60,
                refreshTokens: StoredRefreshTokens(objects: MemoryStore()) { Self.now }, now: { Self.now }),
            access: access, namespaces: namespaces, logger: logger)
    }

    private func token(_ name: String, _ scope: String, service: ServiceName? = nil) throws -> String {
        try TokenIssuer(issuer: "us", keys: TokenKeys(signing: key), lifetime: 300).issue(
            to: TokenSubject(name) ?? .anonymous, service: service ?? own, access: ScopeParser.parse([scope]),
            now: Self.now)
    }

    private func ask(
        _ api: TokenAPI, _ method: HTTPMethod, _ target: String, token: String? = nil, host: String = "reg.test:5000"
    ) async throws -> (status: Int, challenge: String?) {
        var headers: HTTPHeaders = ["Host": host]
        if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
        let response = await api.respond(to: Request(method: method, target: target, headers: headers))
        return (Int(response.status.code), response.headers.first(name: "WWW-Authenticate"))
    }

    private static let scope = "repository:local/app:pull,push"

    @Test func aTokenOpensWhatItGrantsAndNoMore() async throws {
        try await Workshop.open { shop in
            let api = try api(shop, rules: ["identity.id != null"])
            let uploads = "/v2/local/app/blobs/uploads/"
            #expect(try await ask(api, .POST, uploads, token: try token("alice", Self.scope)).status == 202)
            let pull = try token("alice", "repository:local/app:pull")
            let refused = try await ask(api, .POST, uploads, token: pull)
            #expect(refused.status == 401)
            #expect(
                refused.challenge
                    == #"Bearer realm="http://reg.test:5000/auth/token",service="entrepot",scope="repository:local/app:pull,push",error="insufficient_scope""#
            )
            #expect(try await ask(api, .GET, "/v2/local/app/tags/list", token: pull).status == 404)
            #expect(try await ask(api, .GET, "/v2/local/other/tags/list", token: pull).status == 401)
            #expect(try await ask(api, .GET, "/v2/_catalog", token: pull).status == 401)
            #expect(
                try await ask(api, .GET, "/v2/_catalog", token: try token("alice", "registry:catalog:*")).status == 200)
            #expect(try await ask(api, .GET, "/v2/", token: pull).status == 200)
        }
    }

    @Test func aGrantIsWorthNothingAgainstPolicy() async throws {
        try await Workshop.open { shop in
            let api = try api(shop, rules: ["identity.id == 'alice'"])
            let uploads = "/v2/local/app/blobs/uploads/"
            #expect(try await ask(api, .POST, uploads, token: try token("alice", Self.scope)).status == 202)
            #expect(try await ask(api, .POST, uploads, token: try token("bob", Self.scope)).status == 403)
            #expect(try await ask(api, .POST, uploads, token: try token("", Self.scope)).status == 401)
        }
    }

    @Test func tokensThatAreNotForThisServerOrThisSubjectAreInvalid() async throws {
        try await Workshop.open { shop in
            let api = try api(shop, people: ["alice"], rules: ["true"])
            let path = "/v2/local/app/tags/list"
            let foreign = try await ask(api, .GET, path, token: try token("alice", Self.scope, service: other))
            #expect(foreign.status == 401)
            #expect(foreign.challenge?.hasSuffix(#"error="invalid_token""#) == true)
            // Bob was removed from the configuration.
            #expect(try await ask(api, .GET, path, token: try token("bob", Self.scope)).status == 401)
            #expect(try await ask(api, .GET, path, token: "x.y.z").status == 401)
            // And none of them gives another.
            let again = try await ask(api, .GET, "/auth/token", token: try token("alice", Self.scope))
            #expect(again.status == 401)
        }
    }

    @Test(arguments: ["a\"b", "a b", "a,realm=x", ""])
    func aHostThatCannotStandInAChallengeIsNotRepeated(host: String) async throws {
        try await Workshop.open { shop in
            let api = try api(shop, rules: ["identity.id != null"])
            let answer = try await ask(api, .GET, "/v2/", host: host)
            #expect(answer.status == 401)
            #expect(answer.challenge?.hasPrefix("Basic ") == true)
        }
    }

    /// What the token service grants, by asking it as the subject would.
    private func granted(
        _ api: TokenAPI, _ scope: String, at service: ServiceName
    ) async throws -> String {
        let query = scope.replacing(":", with: "%3A").replacing("*", with: "%2A")
        let response = await api.respond(
            to: Request(target: "/auth/token?service=\(service)&scope=\(query)", headers: ["Host": "reg.test"]))
        let body = try await response.body.collect(upTo: 1 << 16)
        let json = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
        let text = try #require(json?["token"] as? String)
        return try TokenVerifier(issuer: "us", audience: service, keys: TokenKeys(signing: key))
            .verify(text, now: Self.now).access.scopeText
    }

    @Test func atAnotherRegistryAllThatAnActionStandsForMustBeAllowed() async throws {
        try await Workshop.open { shop in
            let some = try api(shop, rules: ["request.action == 'get-manifest'"])
            #expect(try await granted(some, "repository:local/app:pull,push", at: own) == "repository:local/app:pull")
            #expect(try await granted(some, "repository:local/app:pull,push", at: other) == "")
            let reads = try api(shop, rules: ["request.operation in ['pull', 'list']"])
            for service in [own, other] {
                #expect(
                    try await granted(reads, "repository:local/app:pull,push", at: service)
                        == "repository:local/app:pull")
                #expect(try await granted(reads, "repository:local/app:*", at: service) == "repository:local/app:pull")
                #expect(try await granted(reads, "registry:catalog:*", at: service) == "registry:catalog:*")
            }
        }
    }

    /// The catalogue of another registry is told as it is: who may not pull everywhere may not have it.
    @Test func theCatalogueOfAnotherRegistryIsForThoseWhoMayPullEverywhere() async throws {
        try await Workshop.open { shop in
            let closed = try api(shop, rules: [], local: ["identity.id == 'alice'"])
            #expect(try await granted(closed, "registry:catalog:*", at: own) == "registry:catalog:*")
            #expect(try await granted(closed, "registry:catalog:*", at: other) == "")
            let open = try api(shop, rules: [], local: ["request.operation in ['pull', 'list']"])
            #expect(try await granted(open, "registry:catalog:*", at: other) == "registry:catalog:*")
            let named = try api(shop, rules: ["repository.name == 'local/app' || request.operation == 'list'"])
            #expect(try await granted(named, "registry:catalog:*", at: other) == "")
        }
    }

    @Test func rulesThatLookAtTagsAreLeftToTheRequestAndDenyElsewhere() async throws {
        try await Workshop.open { shop in
            let api = try api(shop, rules: ["request.operation == 'pull' && request.tag == 'public'"])
            #expect(try await granted(api, "repository:local/app:pull", at: own) == "repository:local/app:pull")
            #expect(try await granted(api, "repository:local/app:pull", at: other) == "")
            let token = try token("", "repository:local/app:pull")
            #expect(try await ask(api, .GET, "/v2/local/app/manifests/public", token: token).status == 404)
            #expect(try await ask(api, .GET, "/v2/local/app/manifests/secret", token: token).status == 401)
        }
    }

    @Test func whatNoTagCouldMakeAllowedIsNotGranted() async throws {
        try await Workshop.open { shop in
            let api = try api(shop, rules: ["identity.id == 'alice' && request.tag != 'x'"])
            for service in [own, other] {
                #expect(try await granted(api, "repository:local/app:*", at: service) == "")
            }
            let reading = try self.api(shop, rules: ["request.operation == 'pull' && request.tag == 'public'"])
            #expect(try await granted(reading, "repository:local/app:*", at: own) == "repository:local/app:pull")
        }
    }

    @Test(arguments: ["request.tag == 'secret'", "request.reference == 'secret'", "request.digest == 'sha256:0'"])
    func whatSomeTagIsDeniedIsNotGrantedElsewhere(rule: String) async throws {
        try await Workshop.open { shop in
            let api = try api(shop, rules: [rule], defaultAllow: true)
            #expect(try await granted(api, "repository:local/app:pull,push", at: own) != "")
            #expect(try await granted(api, "repository:local/app:pull,push,delete", at: other) == "")
            let pushes = try self.api(shop, rules: ["request.operation == 'push' && \(rule)"], defaultAllow: true)
            #expect(
                try await granted(pushes, "repository:local/app:pull,push", at: other) == "repository:local/app:pull")
        }
    }

    @Test func refreshTokensEndWhenThePasswordIsStoredAnew() async throws {
        try await Workshop.open { shop in
            let store = StoredRefreshTokens(objects: MemoryStore()) { Self.now }
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            func tokens(_ access: AccessControl) -> TokenAPI {
                TokenAPI(
                    next: PushClient(shop).api,
                    service: TokenService(
                        issuer: TokenIssuer(issuer: "us", keys: TokenKeys(signing: key), lifetime: 300),
                        services: [own], defaultService: own, refreshLifetime: 60, refreshTokens: store,
                        now: { Self.now }),
                    access: access, namespaces: shop.namespaces, logger: logger)
            }
            let before = tokens(try TestUsers.access())
            let login = await before.respond(
                to: Request(target: "/auth/token?client_id=docker&offline_token=true", headers: TestUsers.alice))
            let body = try await login.body.collect(upTo: 1 << 16)
            let json = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
            let text = try #require(json?["refresh_token"] as? String)
            let form = "grant_type=refresh_token&service=entrepot&client_id=docker&refresh_token=\(text)"
            func refresh(_ api: TokenAPI) async -> UInt {
                await api.respond(
                    to: Request(
                        method: .POST, target: "/auth/token",
                        headers: ["Content-Type": "application/x-www-form-urlencoded"], body: ByteBuffer(string: form))
                ).status.code
            }
            #expect(await refresh(before) == 200)
            // The same id with another password, and gone.
            for people in [[try user("alice")], []] {
                let after = AccessControl(users: Users(people), policies: AccessPolicies())
                #expect(await refresh(tokens(after)) == 401)
            }
            #expect(await refresh(tokens(try TestUsers.access())) == 200)
        }
    }

    // MARK: Other names of a repository

    private func shortNames(_ shop: Workshop) -> Namespaces {
        Namespaces(shop.namespaces.all, fallback: RepositoryName("local"))
    }

    @Test func aTokenForAShortNameServesForAllOfARequest() async throws {
        try await Workshop.open { shop in
            let (digest, manifest) = try await PushClient(shop).pushImage("local/app", tag: "v1")
            let layer = try await PushClient(shop).push("layer", to: "local/app")
            for rule in ["identity.id == 'alice'", "identity.id == 'alice' && request.tag != 'hidden'"] {
                let api = try api(shop, rules: [rule], namespaces: shortNames(shop))
                let scopes = "\(Self.scope.replacing("local/", with: "")) repository:local/mine:pull,push"
                let headers: HTTPHeaders = [
                    "Authorization": "Bearer \(try token("alice", scopes))", "Host": "reg.test",
                    "Content-Type": MediaType.imageManifest.value,
                ]
                let put = await api.respond(
                    to: Request(
                        method: .PUT, target: "/v2/app/manifests/\(digest)?tag=v2", headers: headers,
                        body: ByteBuffer(string: manifest)))
                #expect(put.status == .created)
                let list = await api.respond(to: Request(target: "/v2/app/tags/list", headers: headers))
                #expect(try await PushClient.text(list) == #"{"name":"app","tags":["v1","v2"]}"#)
                let mount = await api.respond(
                    to: Request(
                        method: .POST, target: "/v2/local/mine/blobs/uploads/?mount=\(layer)&from=app",
                        headers: headers))
                #expect(mount.status == .created)
            }
        }
    }

    @Test func aTokenForANameIsNotForWhatTheNameMeansAtAnotherHost() async throws {
        try await Workshop.open { shop in
            let api = try api(shop, rules: ["true"], namespaces: shortNames(shop))
            let path = "/v2/app/tags/list"
            for scope in ["repository:app:pull", "repository:local/app:pull"] {
                let token = try token("alice", scope)
                #expect(try await ask(api, .GET, path, token: token).status == 404)
                #expect(try await ask(api, .GET, path + "?ns=mirror.example", token: token).status == 401)
            }
            let right = try token("alice", "repository:mirror/app:pull")
            #expect(try await ask(api, .GET, path + "?ns=mirror.example", token: right).status != 401)
        }
    }
}
