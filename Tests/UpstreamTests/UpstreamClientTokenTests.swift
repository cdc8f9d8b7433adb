import CurlClient
import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport
import Testing
import Upstream

@Suite struct UpstreamClientTokenTests {
    private let credentials = RegistryCredentials(username: "user", password: "secret")

    /// A registry that is its own token service: `/token` issues numbered tokens, all else wants the current one.
    private func registry(
        challenge: String = #"Bearer realm="/token",service="here",scope="registry:catalog:*""#,
        token: @escaping @Sendable (Int) -> TestResponse = {
            .answer(text: #"{"token":"token-\#($0)","expires_in":100}"#)
        },
        accepted: @escaping @Sendable (String) -> Bool = { $0.hasPrefix("Bearer token-") }
    ) -> ScriptedHTTPServer.Handler {
        let issued = NIOLockedValueBox(0)
        return { request in
            if request.path == "/token" {
                return token(
                    issued.withLockedValue { issued in
                        issued += 1
                        return issued
                    })
            }
            guard let authorization = request.header("Authorization"), accepted(authorization) else {
                return .unauthorized(challenge)
            }
            return .manifest(index)
        }
    }

    @Test func aTokenForOurOwnScopeIsFetchedAndKept() async throws {
        try await ScriptedHTTPServer.run(handler: registry()) { server in
            let client = try makeClient(server, credentials: credentials)
            for _ in 0..<3 { _ = try await client.manifest(repository, latest) }
            let fetches = server.requests.filter { $0.path == "/token" }
            #expect(fetches.map(\.query) == ["service=here&scope=repository:library/debian:pull"])
            #expect(fetches.first?.header("Authorization") == "Basic dXNlcjpzZWNyZXQ=")
            #expect(server.requests.count == 5)
            #expect(server.requests.last?.header("Authorization") == "Bearer token-1")
        }
    }

    @Test func theTokenOfALoginIsSentToTheTokenServiceAlone() async throws {
        try await ScriptedHTTPServer.run(handler: registry()) { server in
            let client = try makeClient(server, credentials: RegistryCredentials(identityToken: "a+b/c=&"))
            _ = try await client.manifest(repository, latest)
            let fetch = try #require(server.requests.first { $0.path == "/token" })
            #expect(fetch.method == "POST" && fetch.header("Authorization") == nil && fetch.query == nil)
            #expect(fetch.header("Content-Type") == "application/x-www-form-urlencoded")
            #expect(
                String(buffer: fetch.body)
                    == "grant_type=refresh_token&service=here&client_id=docker"
                    + "&scope=repository%3Alibrary%2Fdebian%3Apull&refresh_token=a%2Bb%2Fc%3D%26")
            for request in server.requests where request.path != "/token" {
                #expect([nil, "Bearer token-1"].contains(request.header("Authorization")))
            }
        }
    }

    @Test func theTokenOfALoginIsNotTakenElsewhereAndIsNoPassword() async throws {
        try await ScriptedHTTPServer.run { request in
            request.path == "/token"
                ? .answer(307, [("Location", "http://192.0.2.1/token")])
                : .unauthorized(#"Bearer realm="/token",service="here""#)
        } _: { server in
            let client = try makeClient(server, credentials: RegistryCredentials(identityToken: "login"))
            let error = await #expect(throws: UpstreamError.self) { try await client.manifest(repository, latest) }
            #expect(error?.message.contains("another host") == true, "\(error?.message ?? "")")
        }
        try await ScriptedHTTPServer.run { _ in
            .unauthorized(#"Basic realm="x""#)
        } _: { server in
            let client = try makeClient(server, credentials: RegistryCredentials(identityToken: "login"))
            let error = await #expect(throws: UpstreamError.self) { try await client.manifest(repository, latest) }
            #expect(error?.kind == .unauthorized && error?.message.contains("log in with a password") == true)
            #expect(server.requests.allSatisfy { $0.header("Authorization") == nil })
        }
    }

    @Test func anonymousClientsFetchWithoutAuthorization() async throws {
        try await ScriptedHTTPServer.run(handler: registry()) { server in
            _ = try await makeClient(server).manifest(repository, latest)
            let fetch = try #require(server.requests.first { $0.path == "/token" })
            #expect(fetch.header("Authorization") == nil)
        }
    }

    @Test(arguments: [
        #"bearer Realm="/token?a=b""#, "BEARER realm=/token?a=b",
        #"Negotiate, Basic realm="x", Bearer realm="../token?a=b""#,
    ])
    func challengesOfManyFormsLeadToTheToken(challenge: String) async throws {
        try await ScriptedHTTPServer.run(handler: registry(challenge: challenge)) { server in
            _ = try await makeClient(server).manifest(repository, latest)
            let fetch = try #require(server.requests.first { $0.path == "/token" })
            #expect(fetch.query == "a=b&scope=repository:library/debian:pull")
        }
    }

    @Test func aTokenIsRefreshedBeforeItsEndWithoutARefusal() async throws {
        let time = ManualTime()
        try await ScriptedHTTPServer.run(handler: registry()) { server in
            let client = try makeClient(server, time: time)
            _ = try await client.manifest(repository, latest)
            time.advance(85)
            _ = try await client.manifest(repository, latest)
            #expect(server.requests.map(\.path).filter { $0 == "/token" }.count == 2)
            #expect(server.requests.count == 5)
            #expect(server.requests.last?.header("Authorization") == "Bearer token-2")
        }
    }

    @Test func aTokenThatIsRefusedIsReplacedOnce() async throws {
        let handler = registry(accepted: { $0 == "Bearer token-2" })
        try await ScriptedHTTPServer.run(handler: handler) { server in
            let client = try makeClient(server)
            // The first token is refused right after it was issued: one retry is all there is.
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .unauthorized)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == nil)
        }
    }

    @Test func fiftyRequestsShareOneFetch() async throws {
        try await ScriptedHTTPServer.run(handler: registry()) { server in
            let client = try makeClient(server)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 { group.addTask { _ = try await client.manifest(repository, latest) } }
                try await group.waitForAll()
            }
            #expect(server.requests.filter { $0.path == "/token" }.count == 1)
        }
    }

    @Test func anotherRepositoryNeedsAnotherToken() async throws {
        try await ScriptedHTTPServer.run(handler: registry()) { server in
            let client = try makeClient(server)
            _ = try await client.manifest(repository, latest)
            _ = try await client.manifest(try #require(RepositoryName("other")), latest)
            #expect(server.requests.filter { $0.path == "/token" }.count == 2)
        }
    }

    @Test(arguments: [
        (401, "", UpstreamError.Kind.unauthorized), (403, "", .denied), (404, "", .invalidResponse),
        (502, "", .unavailable(status: 502)), (200, "{}", .invalidResponse),
        (200, "<html>", .invalidResponse),
        (200, #"{"token":""# + String(repeating: "x", count: 100 << 10) + #""}"#, .tooLarge),
    ])
    func aTokenServiceThatFailsIsToldAsWhatItIs(status: Int, text: String, kind: UpstreamError.Kind) async throws {
        let handler = registry(token: { _ in .answer(status, text: text) })
        try await ScriptedHTTPServer.run(handler: handler) { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == kind)
            // Failures are not remembered: it is asked anew.
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == kind)
            #expect(server.requests.filter { $0.path == "/token" }.count == 2)
        }
    }

    @Test func anEndlessTokenIsCutOff() async throws {
        let handler = registry(token: { _ in
            TestResponse(steps: [
                .bytes(TestResponse.head(200, [("Transfer-Encoding", "chunked")], length: nil)),
                .endless(ByteBuffer(string: "4\r\nabcd\r\n")),
            ])
        })
        try await ScriptedHTTPServer.run(handler: handler) { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .tooLarge)
        }
    }

    @Test(arguments: [
        "Bearer", "Bearer realm=", #"Bearer realm="""#, #"Bearer realm="ftp://x/""#, "Digest realm=x", "%%%", "",
        #"Bearer realm="http://169.254.169.254/latest/api/token""#, #"Bearer realm="http://[fe80::1]/""#,
        "Basic realm=x",
    ])
    func aChallengeThatLeadsNowhereIsUnauthorized(challenge: String) async throws {
        try await ScriptedHTTPServer.run { _ in
            .unauthorized(challenge)
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .unauthorized)
            #expect(server.requests.count == 1)
        }
    }

    @Test func aTokenServiceWithoutTLSIsNotAskedForAnUpstreamWithIt() async throws {
        let certificates = try TestCertificates()
        let tls = ScriptedHTTPServer.TLS(certificatePath: certificates.server, privateKeyPath: certificates.serverKey)
        try await ScriptedHTTPServer.run { _ in
            .answer(text: #"{"token":"x"}"#)
        } _: { service in
            let challenge = #"Bearer realm="\#(service.url)/token""#
            try await ScriptedHTTPServer.run(tls: tls) { _ in
                .unauthorized(challenge)
            } _: { server in
                let settings = UpstreamClientSettings.test { $0.authorityBundle = certificates.authority }
                let client = try makeClient(server, credentials: credentials, settings: settings)
                #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .unauthorized)
                #expect(service.requests.isEmpty)
            }
        }
    }

    @Test func basicIsOfferedFromTheStartOnceItWasTaken() async throws {
        try await ScriptedHTTPServer.run { request in
            request.header("Authorization") == "Basic dXNlcjpzZWNyZXQ="
                ? .manifest(index) : .unauthorized(#"Basic realm="x""#)
        } _: { server in
            let client = try makeClient(server, credentials: credentials)
            for _ in 0..<3 { _ = try await client.manifest(repository, latest) }
            #expect(server.requests.count == 4)
            let wrong = try makeClient(server, credentials: RegistryCredentials(username: "user", password: "wrong"))
            let error = await #expect(throws: UpstreamError.self) { try await wrong.manifest(repository, latest) }
            #expect(error?.kind == .unauthorized)
            #expect(error.map { !"\($0)".contains("wrong") } == true)
        }
    }

    @Test func aTokenFetchedWithOneCertificateIsNotUsedWithAnother() async throws {
        try await ScriptedHTTPServer.run(handler: registry()) { server in
            let tokens = TokenCache()
            for (mark, expected) in [("a", "1"), ("b", "2"), ("a", "1"), ("", "3")] {
                let identity = CurlSettings.ClientIdentity(
                    certificate: .bytes(Array(mark.utf8)), privateKey: .bytes([]))
                let client = try makeClient(
                    server, credentials: credentials,
                    settings: .test { $0.clientIdentity = mark.isEmpty ? nil : identity }, tokens: tokens)
                _ = try await client.manifest(repository, latest)
                #expect(server.requests.last?.header("Authorization") == "Bearer token-\(expected)")
            }
        }
    }
}
