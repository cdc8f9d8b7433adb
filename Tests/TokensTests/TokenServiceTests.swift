import Foundation
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Storage
import TestSupport
import Testing

@testable import Tokens

@Suite struct TokenServiceTests {
    private final class Clock: Sendable {
        private let seconds = NIOLockedValueBox(Int64(1_800_000_000))

        var now: Int64 { seconds.withLockedValue { $0 } }

        func advance(_ count: Int64) { seconds.withLockedValue { $0 += count } }
    }

    private let clock = Clock()
    private let objects = MemoryStore()
    private let service: TokenService
    private let keys: TokenKeys

    init() throws {
        keys = TokenKeys(signing: try SigningKey(pem: try SigningKey.generate(.es256)))
        let clock = clock
        service = TokenService(
            issuer: TokenIssuer(issuer: "us", keys: keys, lifetime: 300), services: [.registry, .other],
            defaultService: .registry, refreshLifetime: 3600,
            refreshTokens: StoredRefreshTokens(objects: objects) { clock.now }, now: { clock.now })
    }

    private func claims(_ answer: TokenAnswer, service: ServiceName = .registry) throws -> VerifiedToken {
        try TokenVerifier(issuer: "us", audience: service, keys: keys).verify(answer.token, now: clock.now)
    }

    private func get(
        _ fields: [(name: String, value: String)], user: String? = nil, household: Household = Household()
    ) async throws -> TokenAnswer {
        var household = household
        household.shown = user
        return try await service.answer(try TokenRequest(query: fields), household)
    }

    private func refresh(
        _ token: String, service name: String = "registry", client: String = "docker",
        household: Household = Household()
    ) async throws -> TokenAnswer {
        let fields = [
            (name: "grant_type", value: "refresh_token"), (name: "refresh_token", value: token),
            (name: "service", value: name), (name: "client_id", value: client),
            (name: "scope", value: "repository:acme/app:pull,push"),
        ]
        return try await service.answer(try TokenRequest(form: fields), household)
    }

    private func login(_ user: String, service: String = "registry") async throws -> String {
        let answer = try await get(
            [
                (name: "service", value: service), (name: "client_id", value: "docker"),
                (name: "offline_token", value: "true"),
            ], user: user)
        return try #require(answer.refreshToken)
    }

    @Test func anonymousClientsGetTokensForWhatIsPublic() async throws {
        let answer = try await get([
            (name: "service", value: "registry"), (name: "scope", value: "repository:acme/app:pull"),
            (name: "scope", value: "repository:public/x:pull,push"), (name: "offline_token", value: "true"),
        ])
        let token = try claims(answer)
        #expect(token.subject == .anonymous)
        #expect(token.access.scopeText == "repository:public/x:pull")
        #expect(answer.refreshToken == nil)
        #expect(objects.keys == [])
    }

    @Test func theServiceIsTheAudience() async throws {
        let answer = try await get([(name: "service", value: "other")], user: "alice")
        #expect(try claims(answer, service: .other).subject.id == "alice")
        #expect(throws: TokenError.wrongAudience) { try claims(answer) }
        #expect(try claims(try await get([], user: "bob")).subject.id == "bob")
    }

    @Test func noTokensAreGivenForOtherServices() async throws {
        await #expect { try await get([(name: "service", value: "x\"\n")], user: "alice") } throws: { error in
            guard case TokenRequestError.unknownService? = error as? TokenRequestError else { return false }
            return (error as? TokenRequestError)?.message == "cannot issue tokens for service: \"x\""
        }
    }

    @Test func wrongCredentialsAreNoAnonymity() async throws {
        await #expect { try await get([], user: "mallory") } throws: { ($0 as? TokenRequestError)?.status == 401 }
        var household = Household()
        household.failure = RegistryError(.tooManyRequests, "slower", retryAfter: 3)
        await #expect { try await get([], user: "alice", household: household) } throws: {
            ($0 as? TokenRequestError)?.status == 429
        }
    }

    @Test func aRefreshTokenGivesWhatItsSubjectMayAtThatMoment() async throws {
        let text = try await login("bob")
        let answer = try await refresh(text)
        #expect(try claims(answer).access.scopeText == "repository:acme/app:pull")
        #expect(answer.refreshToken == text)
        #expect(answer.granted.scopeText == "repository:acme/app:pull")
        // The subject is gone.
        await #expect { try await refresh(text, household: Household(present: ["alice"])) } throws: {
            ($0 as? TokenRequestError)?.status == 401
        }
    }

    @Test func aRefreshTokenEndsWithItsPassword() async throws {
        let text = try await login("alice")
        await #expect { try await refresh(text, household: Household(hash: "another hash")) } throws: {
            ($0 as? TokenRequestError)?.status == 401
        }
        _ = try await refresh(text)
    }

    @Test func aRecordThatDoesNotTellThePasswordIsWorthNothing() async throws {
        let text = try await login("alice")
        let path = try #require(objects.keys.first)
        let key = try #require(ObjectKey(path))
        let stored = try #require(try await objects.read(key, limit: 4096))
        var json = try #require(
            try JSONSerialization.jsonObject(with: Data(stored.bytes.readableBytesView)) as? [String: Any])
        #expect(json.removeValue(forKey: "credentials") is String)
        let old = try JSONSerialization.data(withJSONObject: json)
        try await objects.write(key, ByteBuffer(bytes: old), .durable)
        await #expect { try await refresh(text) } throws: { ($0 as? TokenRequestError)?.status == 401 }
    }

    @Test func aRefreshTokenIsForItsServiceAndItsClient() async throws {
        let text = try await login("alice")
        await #expect(throws: TokenRequestError.self) { try await refresh(text, service: "other") }
        await #expect(throws: TokenRequestError.self) { try await refresh(text, client: "somebody-else") }
        // They read what `docker login` wrote.
        for client in ["docker", "containerd-client", "buildkit-client"] {
            #expect(try claims(try await refresh(text, client: client)).subject.id == "alice")
        }
    }

    @Test func aRefreshTokenEnds() async throws {
        let text = try await login("alice")
        clock.advance(3599)
        _ = try await refresh(text)
        clock.advance(1)
        await #expect(throws: TokenRequestError.self) { try await refresh(text) }
    }

    @Test func revokedRefreshTokensAreGoneAndOthersStay() async throws {
        let mine = try await login("alice")
        let alsoMine = try await login("alice")
        let other = try await login("bob")
        #expect(try await service.revoke(try #require(TokenSubject("alice"))) == 2)
        for text in [mine, alsoMine] {
            await #expect(throws: TokenRequestError.self) { try await refresh(text) }
        }
        _ = try await refresh(other)
    }

    @Test(arguments: ["", "ert_", "ert_AAAA", "xyz", String(repeating: "A", count: 10_000)])
    func whatIsNoRefreshTokenIsRefused(text: String) async throws {
        await #expect(throws: TokenRequestError.self) { try await refresh(text) }
    }

    @Test func aChangedRefreshTokenIsNone() async throws {
        let text = try await login("alice")
        for index in stride(from: 4, to: text.utf8.count - 1, by: 5) {
            var bytes = Array(text.utf8)
            bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            await #expect(throws: TokenRequestError.self) { try await refresh(String(decoding: bytes, as: UTF8.self)) }
        }
    }

    @Test func refreshTokensAreStoredAsHashes() async throws {
        let text = try await login("alice")
        let key = try #require(objects.keys.first)
        let stored = try await objects.read(try #require(ObjectKey(key)), limit: 4096)
        let content = String(buffer: try #require(stored).bytes)
        #expect(!content.contains(text) && !key.contains(text.dropFirst(40)))
        #expect(key.hasPrefix(".entrepot/refresh-tokens/"))
        var dumped = ""
        dump(RefreshToken(text), to: &dumped)
        #expect(!dumped.contains(text))
    }

    @Test func aSubjectHasSoManyAndTheOldestGoesFirst() async throws {
        let first = try await login("alice")
        clock.advance(1)
        var second = ""
        for number in 0..<StoredRefreshTokens.maximumPerOwner {
            let text = try await login("alice")
            if number == 0 { second = text }
            clock.advance(1)
        }
        #expect(objects.keys.count == StoredRefreshTokens.maximumPerOwner)
        await #expect(throws: TokenRequestError.self) { try await refresh(first) }
        _ = try await refresh(second)
        clock.advance(3600)
        _ = try await login("alice")
        #expect(objects.keys.count == 1)
    }

    @Test func aStoreThatFailsIsNotTheClientsFault() async throws {
        let text = try await login("alice")
        objects.fail(.io)
        await #expect { try await refresh(text) } throws: { ($0 as? TokenRequestError)?.status == 503 }
        await #expect { try await login("alice") } throws: { ($0 as? TokenRequestError)?.status == 503 }
        // Without a refresh token the store is not needed.
        _ = try await get([], user: "alice")
    }

    @Test(arguments: [
        ("", "invalid_request"),
        ("grant_type=password", "invalid_request"),
        ("grant_type=authorization_code&service=registry&client_id=x&code=1", "unsupported_grant_type"),
        ("grant_type=client_credentials", "unsupported_grant_type"),
        ("grant_type=password&service=registry&username=alice&password=x", "invalid_request"),
        ("grant_type=password&client_id=x&username=alice&password=x", "invalid_request"),
        ("grant_type=password&service=registry&client_id=x&username=alice", "invalid_request"),
        ("grant_type=refresh_token&service=registry&client_id=x", "invalid_request"),
        ("grant_type=password&grant_type=password&service=registry&client_id=x", "invalid_request"),
        ("grant_type=password&service=nowhere&client_id=x&username=alice&password=x", "invalid_request"),
        ("grant_type=password&service=registry&client_id=x&username=alice&password=x", "invalid_grant"),
    ])
    func formsThatWillNotDoAreRefusedInTheWordsOfOAuth(form: String, code: String) async throws {
        let fields = form.split(separator: "&").map { field in
            let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
            return (name: parts[0], value: parts[1])
        }
        await #expect {
            _ = try await service.answer(try TokenRequest(form: fields), Household())
        } throws: {
            ($0 as? TokenRequestError)?.code == code
        }
    }

    @Test func anOAuthAnswerTellsTheScopeAndAGetDoesNot() async throws {
        let fields = [
            (name: "grant_type", value: "password"), (name: "username", value: "bob"),
            (name: "password", value: "secret of bob"), (name: "service", value: "registry"),
            (name: "client_id", value: "c"), (name: "access_type", value: "offline"),
            (name: "scope", value: "repository:acme/app:pull,push repository:public/x:pull"),
        ]
        let answer = try await service.answer(try TokenRequest(form: fields), Household())
        let json = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(answer)) as? [String: Any]
        #expect(json?["scope"] as? String == "repository:acme/app:pull repository:public/x:pull")
        #expect(json?["access_token"] as? String == answer.token)
        #expect(json?["expires_in"] as? Int == 300)
        #expect(json?["issued_at"] as? String == "2027-01-15T08:00:00Z")
        #expect(json?["refresh_token"] as? String == answer.refreshToken)
        let plain =
            try JSONSerialization.jsonObject(with: try JSONEncoder().encode(try await get([]))) as? [String: Any]
        #expect(plain?["scope"] == nil)
        #expect(plain?["token"] as? String == plain?["access_token"] as? String)
        #expect(plain?["refresh_token"] == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] as [(Int64, String)])
    func timesAreWrittenAsRFC3339(seconds: Int64, text: String) {
        #expect(TokenAnswer.timestamp(seconds) == text)
    }
}
