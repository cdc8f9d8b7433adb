import CurlClient
import NIOCore
import OCI
import TestSupport
import Testing
import Upstream

@Suite struct UpstreamClientRedirectTests {
    private let credentials = RegistryCredentials(username: "user", password: "secret")

    @Test func anotherHostGetsTheRangeButNoAuthorization() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(206, [("Content-Range", "bytes 5-9/10")], text: "56789")
        } _: { cdn in
            try await ScriptedHTTPServer.run { request in
                request.header("Authorization") == nil
                    ? .unauthorized("Basic realm=x") : .redirect(to: cdn.url + "/bucket/x?Signature=s")
            } _: { registry in
                let client = try makeClient(registry, credentials: credentials)
                let blob = try await client.blob(repository, digest, range: UpstreamRange(from: 5))
                #expect(try await blob.collect() == ByteBuffer(string: "56789"))
                #expect(registry.requests.last?.header("Authorization") == "Basic dXNlcjpzZWNyZXQ=")
                let asked = try #require(cdn.requests.first)
                #expect(asked.target == "/bucket/x?Signature=s")
                #expect(asked.header("Authorization") == nil)
                #expect(asked.header("Range") == "bytes=5-")
            }
        }
    }

    @Test(arguments: [
        "10.255.255.1:9", "192.168.255.1:9", "[fd12::1]:9", "169.254.169.254", "[::ffff:169.254.169.254]",
    ])
    func nobodyIsLedIntoAPrivateNetworkThatTheUpstreamIsNotIn(address: String) async throws {
        try await ScriptedHTTPServer.run { _ in
            .redirect(to: "http://\(address)/x")
        } _: { server in
            let client = try makeClient(server)
            let error = await #expect(throws: UpstreamError.self) {
                _ = try await client.blob(repository, digest, range: nil)
            }
            #expect(error?.kind == .invalidResponse)
            #expect(
                error?.message.contains("allow_private_redirects") == true
                    || error?.message.contains("link-local") == true, "\(error?.message ?? "")")
        }
    }

    @Test func noPasswordGoesToATokenServiceElsewhereWithoutTLS() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(200, text: #"{"token":"t"}"#)
        } _: { service in
            try await ScriptedHTTPServer.run { request in
                request.header("Authorization") == nil
                    ? .unauthorized(#"Bearer realm="http://localhost:\#(service.port)/token",service="s""#)
                    : .manifest(index)
            } _: { server in
                let client = try makeClient(server, credentials: credentials)
                let error = await #expect(throws: UpstreamError.self) {
                    _ = try await client.manifest(repository, latest)
                }
                #expect(error?.message.contains("without TLS") == true)
                #expect(service.requests.isEmpty)
                // Where there is no password, there is none to lose.
                _ = try await makeClient(server).manifest(repository, latest)
            }
        }
    }

    @Test func theSameHostKeepsTheAuthorization() async throws {
        try await ScriptedHTTPServer.run { request in
            guard request.header("Authorization") != nil else { return .unauthorized("Basic realm=x") }
            return request.path == "/elsewhere" ? .manifest(index) : .redirect(to: "../../../../elsewhere", status: 302)
        } _: { server in
            let client = try makeClient(server, credentials: credentials)
            #expect(try await client.manifest(repository, latest).mediaType == .imageIndex)
        }
    }

    @Test func whatIsLedBackComesWithoutAuthorization() async throws {
        try await ScriptedHTTPServer.run { request in
            .redirect(to: "http://\(request.query ?? "")/trap")
        } _: { away in
            try await ScriptedHTTPServer.run { request in
                switch (request.path, request.header("Authorization")) {
                case ("/trap", _): .answer(404)
                case (_, nil): .unauthorized("Basic realm=x")
                case (_, _?): .redirect(to: "\(away.url)/?\(request.header("Host") ?? "")")
                }
            } _: { server in
                let client = try makeClient(server, credentials: credentials)
                #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .notFound)
                let trapped = try #require(server.requests.last)
                #expect(trapped.path == "/trap")
                #expect(trapped.header("Authorization") == nil)
            }
        }
    }

    @Test func circlesAreLeft() async throws {
        try await ScriptedHTTPServer.run { request in
            .redirect(to: request.path == "/a" ? "/b" : "/a")
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .redirectLoop)
            #expect(server.requests.count == 3)
        }
    }

    @Test func redirectsAreCounted() async throws {
        try await ScriptedHTTPServer.run { request in
            .redirect(to: request.path + "x")
        } _: { server in
            let client = try makeClient(server, settings: .test { $0.maxRedirects = 3 })
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .redirectLoop)
            #expect(server.requests.count == 4)
        }
    }

    @Test(arguments: [
        "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "file:///etc/passwd",
        "http://user:pw@127.0.0.1/",
        "ftp://127.0.0.1/", "http://0xa9fea9fe/", "\u{7f}",
    ])
    func somePlacesAreNotGoneTo(location: String) async throws {
        try await ScriptedHTTPServer.run { _ in
            .redirect(to: location)
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.headBlob(repository, digest) } == .invalidResponse)
        }
    }

    @Test func aRedirectWithoutAPlaceIsInvalid() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(307)
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.headBlob(repository, digest) } == .invalidResponse)
        }
    }

    @Test func tlsIsNotLeftBehindAndTheCertificateStaysHome() async throws {
        let certificates = try TestCertificates()
        let open = ScriptedHTTPServer.TLS(
            certificatePath: certificates.server, privateKeyPath: certificates.serverKey)
        var closed = open
        closed.clientAuthorityPath = certificates.authority
        let settings = UpstreamClientSettings.test { settings in
            settings.authorityBundle = certificates.authority
            settings.clientIdentity = .init(
                certificate: .file(certificates.client), privateKey: .file(certificates.clientKey))
        }
        try await ScriptedHTTPServer.run { _ in
            .answer(text: "plain")
        } _: { plain in
            try await ScriptedHTTPServer.run(tls: closed) { _ in
                .answer(text: "closed")
            } _: { other in
                try await ScriptedHTTPServer.run(tls: open) { _ in
                    .answer(text: "open")
                } _: { cdn in
                    let handler: ScriptedHTTPServer.Handler = { request in
                        switch request.path.split(separator: "/")[1] {
                        case "plain": .redirect(to: plain.url)
                        case "other": .redirect(to: other.url)
                        default: .redirect(to: cdn.url)
                        }
                    }
                    try await ScriptedHTTPServer.run(tls: closed, handler: handler) { server in
                        let client = try makeClient(server, settings: settings)
                        func kind(_ name: String) async -> UpstreamError.Kind? {
                            await kindOf {
                                let repository = try #require(RepositoryName(name))
                                let blob = try await client.blob(repository, digest, range: nil)
                                #expect(try await blob.collect() == ByteBuffer(string: "open"))
                            }
                        }
                        #expect(await kind("plain") == .invalidResponse)
                        #expect(plain.requests.isEmpty)
                        // It trusts the same authority, so that only the withheld certificate can be the reason.
                        #expect(await kind("other") == .tls)
                        #expect(await kind("cdn") == nil)
                    }
                }
            }
        }
    }
}
