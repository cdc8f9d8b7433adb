import NIOCore
import TestSupport
import Testing

@testable import CurlClient

/// `https` URLs through a proxy's CONNECT.
@Suite struct CurlProxyTests {
    private let certificates: TestCertificates
    private let settings: CurlSettings

    init() throws {
        certificates = try TestCertificates()
        settings = CurlSettings(trustRoots: .bundle(certificates.authority), connectTimeout: .seconds(2))
    }

    private func serve<Result>(_ body: (ScriptedHTTPServer) async throws -> Result) async throws -> Result {
        let tls = ScriptedHTTPServer.TLS(certificatePath: certificates.other, privateKeyPath: certificates.otherKey)
        return try await ScriptedHTTPServer.run(tls: tls, handler: { _ in .answer(text: "tunnelled") }, body)
    }

    private func failure(_ url: String, _ proxies: CurlProxies) async -> CurlError? {
        let client = CurlClient(proxies: proxies)
        do throws(CurlError) {
            _ = try await client.execute(CurlRequest(url: url, settings: settings))
            return nil
        } catch {
            return error
        }
    }

    @Test func theTunnelCarriesTLSToAHostThatOnlyTheProxyFinds() async throws {
        try await serve { server in
            try await TunnelProxy.run(.connect(to: server.port)) { proxy in
                let client = CurlClient(proxies: CurlProxies(https: proxy.url))
                for _ in 0..<2 {
                    let headers: CurlHeaders = ["Authorization": "Bearer for-the-server"]
                    let response = try await client.execute(
                        CurlRequest(url: "https://other.example/v2/", headers: headers, settings: settings))
                    #expect(response.status == 200)
                    #expect(response.headers.count == 1, "the proxy's own answer is not the server's")
                    #expect(try await response.body.collect(upTo: 100) == ByteBuffer(string: "tunnelled"))
                }
                #expect(server.requests.map(\.target) == ["/v2/", "/v2/"])
                #expect(server.requests.first?.header("Authorization") == "Bearer for-the-server")
                let head = try #require(proxy.heads.first)
                #expect(proxy.heads.count == 1, "the tunnel is used again")
                #expect(head.hasPrefix("CONNECT other.example:443 HTTP/1.1\r\n"))
                #expect(!head.contains("for-the-server"))
            }
        }
    }

    @Test func credentialsOfTheProxyReachTheProxyOnly() async throws {
        try await serve { server in
            try await TunnelProxy.run(.connect(to: server.port)) { proxy in
                let client = CurlClient(proxies: CurlProxies(https: "http://user:pass@127.0.0.1:\(proxy.port)"))
                _ = try await client.execute(CurlRequest(url: "https://other.example/", settings: settings))
                #expect(proxy.heads.first?.contains("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n") == true)
                #expect(server.requests.first?.header("Proxy-Authorization") == nil)
            }
        }
    }

    @Test(arguments: ["other.example", "first.invalid,other.example", ".example", "*"])
    func exceptionsAreAskedDirectly(exceptions: String) async throws {
        try await TunnelProxy.run(.hangUp) { proxy in
            let proxies = CurlProxies(https: proxy.url, exceptions: exceptions)
            #expect(await failure("https://other.example/", proxies)?.code == .resolve)
            #expect(proxy.heads.isEmpty)
        }
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.0/8"])
    func anAddressThatIsAnExceptionIsReached(exceptions: String) async throws {
        let tls = ScriptedHTTPServer.TLS(certificatePath: certificates.server, privateKeyPath: certificates.serverKey)
        try await ScriptedHTTPServer.run(tls: tls) { _ in
            .answer(text: "direct")
        } _: { server in
            let proxies = CurlProxies(https: "http://127.0.0.1:1", exceptions: exceptions)
            #expect(await failure(server.url, proxies) == nil)
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 7\r\n\r\nno host",
    ])
    func aProxyThatRefusesIsSaidToBeTheCause(answer: String) async throws {
        try await TunnelProxy.run(.answer(answer)) { proxy in
            let error = await failure("https://other.example/v2/?signature=s3cret", CurlProxies(https: proxy.url))
            #expect(error?.code == .proxy)
            #expect(error?.host == "other.example")
            #expect(proxy.heads.allSatisfy { $0.hasPrefix("CONNECT ") && !$0.contains("s3cret") })
        }
    }

    @Test func aProxyThatHangsUpIsSaidToBeTheCause() async throws {
        try await TunnelProxy.run(.hangUp) { proxy in
            #expect(await failure("https://other.example/", CurlProxies(https: proxy.url))?.code == .proxy)
        }
    }

    @Test func aProxyThatNeverAnswersIsAConnectTimeout() async throws {
        try await TunnelProxy.run(.silence) { proxy in
            #expect(await failure("https://other.example/", CurlProxies(https: proxy.url))?.code == .connectTimeout)
        }
    }

    @Test(arguments: ["http://other.example/", "https://other.example/"])
    func aProxyThatCannotBeReachedIsSaidToBeTheCause(url: String) async {
        let listensNowhere = "http://127.0.0.1:1"
        let error = await failure(url, CurlProxies(http: listensNowhere, https: listensNowhere))
        #expect(error?.code == .proxy)
        let nowhere = "http://proxy.invalid:3128"
        #expect(await failure(url, CurlProxies(http: nowhere, https: nowhere))?.code == .proxy)
    }

    @Test(arguments: [
        ("http://proxy.example:3128", "proxy.example", 3128), ("proxy.example:3128/", "proxy.example", 3128),
        ("http://user:p@ss:1@proxy.example", "proxy.example", 1080), ("http://[::1]:8080", "::1", 8080),
        ("[::1]", "::1", 1080),
    ])
    func whereAProxyListens(url: String, host: String, port: Int) {
        #expect(CurlProxies(https: url).address(secure: true) == CurlProxies.Address(host: host, port: port))
        #expect(CurlProxies(https: url).address(secure: false) == nil)
    }
}
