import HTTPServer
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

/// What trusted proxies say, over real connections.
@Suite(.timeLimit(.minutes(1)))
struct TrustedProxyTests {
    private static let everybody = TrustedProxies { _ in true }
    private static let speaking = TrustedProxies(speakProxyProtocol: true) { $0.ipAddress == "127.0.0.1" }
    private let get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    /// Client address, scheme and what became of the fields.
    private static let tell: @Sendable (Request) async -> Response = { request in
        .text("\(request.clientAddress?.ipAddress ?? "-") \(request.isSecure) \(request.forwarding)")
    }

    @Test
    func `each request of a proxy's connection has its own client`() async throws {
        // What is trusted is the loopback address, so that the rest of the list counts.
        let proxies = TrustedProxies { $0.ipAddress == "127.0.0.1" }
        try await TestServer.with(limits { $0.trustedProxies = proxies }, answer: Self.tell) { server in
            try await RawClient.with(server.address) { client in
                for (fields, expected) in [
                    ("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n", "192.0.2.1 true believed"),
                    ("Forwarded: for=192.0.2.2\r\n", "192.0.2.2 false believed"), ("", "127.0.0.1 false believed"),
                ] {
                    try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
                    #expect(try await client.response().body == expected)
                }
                #expect(await server.handler.nextExchange()?.clientAddress?.ipAddress == "192.0.2.1")
            }
        }
    }

    @Test
    func `what a proxy says that cannot be understood is a bad request, and the connection stays`() async throws {
        try await TestServer.with(limits { $0.trustedProxies = Self.everybody }, answer: Self.tell) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(
                    "POST / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: x\r\nContent-Length: 3\r\n\r\nabc")
                #expect(try await client.response().status == 400)
                try await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await client.response().status == 200)
            }
        }
    }

    @Test
    func `nobody is believed where no proxies are named`() async throws {
        try await TestServer.with(answer: Self.tell) { server in
            let text = try await server.exchange(
                "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: x, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
                    + "Connection: close\r\n\r\n")
            #expect(text.hasSuffix("127.0.0.1 false unconfigured"))
            #expect(try await server.exchange("PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n" + get).contains(" 400 "))
        }
    }

    @Test(arguments: [
        ("PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n", "192.0.2.1 false ignored"),
        ("PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "2001:db8::7 false ignored"),
        ("PROXY UNKNOWN\r\n", "127.0.0.1 false ignored"),
        // A proxy that another proxy passed on.
        ("PROXY TCP4 127.0.0.1 10.0.0.1 1 2\r\n", "198.51.100.7 true believed"),
    ])
    func `the header of the PROXY protocol says whose connection it is`(header: String, expected: String) async throws {
        try await TestServer.with(limits { $0.trustedProxies = Self.speaking }, answer: Self.tell) { server in
            let get = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n"
            #expect(try await server.exchange(header + get + "Connection: close\r\n\r\n").hasSuffix(expected))
            // In pieces.
            try await RawClient.with(server.address) { client in
                for character in header.utf8 { try await client.send(ByteBuffer(bytes: [character])) }
                for _ in 0..<2 {
                    try await client.send(get + "\r\n")
                    #expect(try await client.response().body == expected)
                }
            }
        }
    }

    @Test(arguments: [
        "", "PROXY TCP4 192.0.2.1\r\n", "\r\n\r\n", "PROXY UNKNOWN " + String(repeating: "x", count: 500),
    ])
    func `a connection of a proxy without that header is closed without an answer`(start: String) async throws {
        try await TestServer.with(limits { $0.trustedProxies = Self.speaking }, answer: Self.tell) { server in
            let answer = try await server.exchange(start + get)
            #expect(answer == "")
        }
    }

    @Test
    func `a header that does not come is not waited for beyond the time of a handshake`() async throws {
        let change = limits {
            $0.trustedProxies = Self.speaking
            $0.handshakeTimeout = .milliseconds(100)
        }
        try await TestServer.with(change, answer: Self.tell) { server in
            let answer = try await server.exchange("PROXY ")
            #expect(answer == "")
        }
    }

    @Test
    func `TLS begins behind the header`() async throws {
        let certificates = try TestCertificates.shared.get()
        let material = try TLSMaterial(
            certificateChain: .file(certificates.server.certificate), privateKey: .file(certificates.server.key))
        let change = limits {
            $0.tls = material
            $0.trustedProxies = Self.speaking
        }
        try await TestServer.with(change, answer: Self.tell) { server in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates(try certificates.authority.certificates)
            configuration.certificateVerification = .noHostnameVerification
            let tls = try NIOSSLContext(configuration: configuration)
            let header = "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n"
            try await RawClient.with(server.address, tls: tls, preface: header) { client in
                try await client.send(get)
                #expect(try await client.response().body == "192.0.2.1 true ignored")
            }
        }
    }

    @Test
    func `a reload changes who is believed, at once`() async throws {
        try await TestServer.with(answer: Self.tell) { server in
            try await RawClient.with(server.address) { client in
                let get = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
                try await client.send(get)
                #expect(try await client.response().body == "127.0.0.1 false unconfigured")
                var configuration = HTTPServerConfiguration.test
                configuration.trustedProxies = TrustedProxies { $0.ipAddress == "127.0.0.1" }
                await server.server.adjust(configuration)
                try await client.send(get)
                #expect(try await client.response().body == "192.0.2.1 false believed")
            }
        }
    }
}
