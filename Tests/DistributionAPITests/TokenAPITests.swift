import DistributionAPI
import Foundation
import HTTPServer
import Logging
import NIOCore
import NIOHTTP1
import OCI
import TestSupport
import Testing
import Tokens

@Suite struct TokenAPITests {
    /// Answers what nobody else does.
    private struct Behind: RequestHandler {
        func respond(to request: Request) async -> Response { Response(status: .imATeapot) }
        func refuse(_ refusal: RequestError, requestID: String) -> Response { Response(status: .badRequest) }
    }

    /// Alice has a password, may pull everything and push nothing; others may nothing.
    private struct Alice: TokenAuthority {
        var authorization: String?

        func shownSubject() async throws(RegistryError) -> TokenSubject? {
            switch authorization {
            case nil: return .anonymous
            case "Basic " + Data("alice:secret".utf8).base64EncodedString(): return TokenSubject("alice")
            case "Basic slow": throw RegistryError(.tooManyRequests, "slower", retryAfter: 7)
            default: return nil
            }
        }

        func subject(username: String, password: String) async throws(RegistryError) -> TokenSubject? {
            if username == "slow" { throw RegistryError(.tooManyRequests, "slower", retryAfter: 7) }
            return username == "alice" && password == "se cret" ? TokenSubject("alice") : nil
        }

        func credentials(of subject: TokenSubject) async -> CredentialMark? {
            subject.id == "alice" ? CredentialMark(of: "hash") : nil
        }

        func allows(_ access: ScopedAccess, to subject: TokenSubject, at service: ServiceName) async -> Bool {
            guard case .repository(_, .pull) = access else { return false }
            return !subject.isAnonymous
        }
    }

    private let refreshTokens = StoredRefreshTokens(objects: MemoryStore()) { 1_800_000_000 }
    private let keys: TokenKeys
    private let service: ServiceName

    init() throws {
        let key = try SigningKey(pem: try SigningKey.generate(.es256))
        let certificate = try key.selfSignedCertificate(
            name: "tokens", from: Int64(Date().timeIntervalSince1970), days: 2)
        keys = TokenKeys(signing: key, chain: try CertificateChain(pem: certificate, for: key.publicKey))
        service = try #require(ServiceName("registry"))
    }

    private var api: TokenAPI { tokenAPI() }

    private func tokenAPI(formTime: Duration = .seconds(10)) -> TokenAPI {
        let issuer = TokenIssuer(issuer: "us", keys: keys, lifetime: 300)
        return TokenAPI(
            next: Behind(),
            service: TokenService(
                issuer: issuer, services: [service], defaultService: service, refreshLifetime: 3600,
                refreshTokens: refreshTokens, now: { 1_800_000_000 }),
            logger: Logger(label: "test"), formTime: formTime
        ) { Alice(authorization: $0.headers.first(name: "Authorization")) }
    }

    private func ask(
        _ target: String, _ method: HTTPMethod = .GET, authorization: String? = nil, form: String? = nil,
        type: String = "application/x-www-form-urlencoded", at other: TokenAPI? = nil
    ) async throws -> (status: Int, headers: HTTPHeaders, json: [String: Any]) {
        var headers = HTTPHeaders()
        if let authorization { headers.add(name: "Authorization", value: authorization) }
        if form != nil { headers.add(name: "Content-Type", value: type) }
        let response = await (other ?? api).respond(
            to: Request(method: method, target: target, headers: headers, body: ByteBuffer(string: form ?? "")))
        let body = try await response.body.collect(upTo: 1 << 20)
        let json = try? JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
        return (Int(response.status.code), response.headers, json ?? [:])
    }

    private static let alice = "Basic " + Data("alice:secret".utf8).base64EncodedString()

    private func access(_ json: [String: Any]) throws -> String {
        let text = try #require(json["token"] as? String)
        return try TokenVerifier(issuer: "us", audience: service, keys: keys).verify(text, now: 1_800_000_000)
            .access.scopeText
    }

    @Test(arguments: ["/auth/token", "/token", "/v2/auth/token", "/keppel/v1/auth", "/init/registry/token"])
    func everyAliasGivesTokens(path: String) async throws {
        let answer = try await ask(
            path
                + "?service=registry&scope=repository%3Aacme%2Fapp%3Apull%2Cpush&scope=repository:b:pull&account=alice",
            authorization: Self.alice)
        #expect(answer.status == 200)
        #expect(try access(answer.json) == "repository:acme/app:pull repository:b:pull")
        #expect(answer.json["expires_in"] as? Int == 300)
        #expect(answer.json["issued_at"] as? String == "2027-01-15T08:00:00Z")
        #expect(answer.json["refresh_token"] == nil)
        #expect(answer.headers.first(name: "Cache-Control") == "no-store")
    }

    @Test func whoMayNothingGetsATokenThatAllowsNothing() async throws {
        let answer = try await ask("/auth/token?service=registry&scope=repository:a:pull")
        #expect(answer.status == 200)
        #expect(try access(answer.json) == "")
    }

    @Test func wrongCredentialsAreToldAsSuch() async throws {
        for authorization in ["Basic x", "Bearer abc", "Negotiate x"] {
            let answer = try await ask("/auth/token?service=registry", authorization: authorization)
            #expect(answer.status == 401)
            #expect(answer.headers.first(name: "WWW-Authenticate")?.hasPrefix("Basic realm=") == true)
            #expect((answer.json["errors"] as? [[String: Any]])?.first?["code"] as? String == "UNAUTHORIZED")
        }
        let slowed = try await ask("/auth/token?service=registry", authorization: "Basic slow")
        #expect(slowed.status == 429)
        #expect(slowed.headers.first(name: "Retry-After") == "7")
    }

    @Test(arguments: [
        "?service=other", "?service=registry%22", "?service=%ZZ", "?service=\(String(repeating: "a", count: 300))",
    ])
    func otherServicesAreRefused(query: String) async throws {
        let answer = try await ask("/auth/token" + query, authorization: Self.alice)
        #expect(answer.status == 400)
        #expect(answer.json["token"] == nil)
    }

    @Test func aFormIsAnsweredAsOAuthSays() async throws {
        let form =
            "grant_type=password&service=registry&client_id=c&username=alice&password=se+cret&access_type=offline"
        let first = try await ask("/auth/token", .POST, form: form + "&scope=repository:a:pull,push")
        #expect(first.status == 200)
        #expect(first.json["scope"] as? String == "repository:a:pull")
        #expect(first.json["access_token"] as? String == first.json["token"] as? String)
        let refresh = try #require(first.json["refresh_token"] as? String)
        let second = try await ask(
            "/token", .POST,
            form:
                "grant_type=refresh_token&service=registry&client_id=c&refresh_token=\(refresh)&scope=repository:b:pull"
        )
        #expect(second.status == 200)
        #expect(second.json["scope"] as? String == "repository:b:pull")
        #expect(second.json["refresh_token"] as? String == refresh)
    }

    @Test(arguments: [
        ("grant_type=password&service=registry&client_id=c&username=alice&password=no", 401, "invalid_grant"),
        ("grant_type=refresh_token&service=registry&client_id=c&refresh_token=x", 401, "invalid_grant"),
        ("grant_type=authorization_code&service=registry&client_id=c", 400, "unsupported_grant_type"),
        ("grant_type=password&service=registry&username=alice&password=se+cret", 400, "invalid_request"),
        ("grant_type=password&service=x&client_id=c&username=alice&password=se+cret", 400, "invalid_request"),
        ("grant_type=password&service=registry&client_id=c&username=slow&password=x", 429, "temporarily_unavailable"),
        ("", 400, "invalid_request"),
        ("%ZZ", 400, "invalid_request"),
        (String(repeating: "a", count: 65_537), 400, "invalid_request"),
    ])
    func formsAreRefusedInTheWordsOfOAuth(form: String, status: Int, code: String) async throws {
        let answer = try await ask("/auth/token", .POST, form: form)
        #expect(answer.status == status)
        #expect(answer.json["error"] as? String == code)
        #expect(answer.json["error_description"] is String)
        #expect(answer.headers.first(name: "Cache-Control") == "no-store")
    }

    @Test func aFormThatTakesTooLongIsNotWaitedFor() async throws {
        let form = "grant_type=password&service=registry&client_id=c&username=alice&password=se+cret"
        for (time, status) in [(Duration.seconds(10), 200), (.seconds(-1), 400)] {
            let answer = try await ask("/auth/token", .POST, form: form, at: tokenAPI(formTime: time))
            #expect(answer.status == status)
        }
    }

    @Test func aFormMustBeAForm() async throws {
        let form = "grant_type=password&service=registry&client_id=c&username=alice&password=se+cret"
        #expect(try await ask("/auth/token", .POST, form: form, type: "application/json").status == 400)
        #expect(
            try await ask(
                "/auth/token", .POST, form: form, type: "application/x-www-form-urlencoded; charset=UTF-8"
            ).status == 200)
        let refused = try await ask("/auth/token", .PUT)
        #expect(refused.status == 405)
        #expect(refused.headers["Allow"] == ["GET, HEAD, POST"])
    }

    @Test func keysAndCertificateArePublic() async throws {
        let keySet = try await ask("/auth/jwks.json")
        #expect(keySet.status == 200)
        let key = try #require((keySet.json["keys"] as? [[String: Any]])?.first)
        #expect(key["kid"] as? String == keys.id)
        #expect(key["kty"] as? String == "EC")
        #expect(key["d"] == nil)
        let response = await api.respond(to: Request(target: "/auth/cert.pem"))
        let body = String(buffer: try await response.body.collect(upTo: 1 << 16))
        #expect(body.hasPrefix("-----BEGIN CERTIFICATE-----"))
        #expect(!body.contains("PRIVATE"))
        let refused = try await ask("/auth/jwks.json", .POST)
        #expect(refused.status == 405)
        #expect(refused.headers["Allow"] == ["GET, HEAD"])
        #expect(try await ask("/v2/").status == 418)
    }
}
