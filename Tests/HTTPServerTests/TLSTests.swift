import Foundation
import HTTPServer
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates.shared.get() }

    private func material(
        _ pair: TestCertificates.Pair? = nil, clients: TLSMaterial.ClientAuthentication = .none
    ) throws -> TLSMaterial {
        let pair = pair ?? certificates.server
        return try TLSMaterial(
            certificateChain: .file(pair.certificate), privateKey: .file(pair.key),
            clientAuthorities: .file(certificates.authority.certificate), clientAuthentication: clients)
    }

    private func client(_ pair: TestCertificates.Pair? = nil, maximum: TLSVersion? = nil) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try certificates.authority.certificates)
        configuration.certificateVerification = .noHostnameVerification
        configuration.minimumTLSVersion = .tlsv1
        configuration.maximumTLSVersion = maximum
        if let pair {
            configuration.certificateChain = try pair.certificates.map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: pair.key, format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }

    @Test(arguments: [0, 1, 32 * 1024, 32 * 1024 + 1, 5_000_000])
    func filesArriveByteExactOverTLS(length: Int) async throws {
        let file = try TemporaryFile(count: 5_000_001)
        let material = try material()
        let context = try client()
        let handler: @Sendable (Request) async -> Response = { request in
            Response(status: request.isSecure ? .ok : .forbidden, body: .file(file.slice(1, length)))
        }
        try await TestServer.with(limits { $0.tls = material }, answer: handler) { server in
            try await RawClient.with(server.address, tls: context) { client in
                for _ in 0..<2 {
                    try await client.send(get)
                    let response = try await client.response()
                    #expect(response.status == 200)
                    #expect(response.body == file.expected(1, length))
                }
            }
        }
    }

    @Test(arguments: [(TLSVersion.tlsv11, false), (.tlsv12, true), (.tlsv13, true)])
    func nothingOlderThanTLS12IsSpoken(version: TLSVersion, isAccepted: Bool) async throws {
        let material = try material()
        let context = try client(maximum: version)
        try await TestServer.with(limits { $0.tls = material }) { server in
            let status = try? await RawClient.with(server.address, tls: context) { client in
                try await client.send(get)
                return try await client.response().status
            }
            #expect((status == 200) == isAccepted)
        }
    }

    enum Presented: CaseIterable {
        case nothing
        case valid
        case strange
    }

    @Test(arguments: [TLSMaterial.ClientAuthentication.none, .optional, .required], Presented.allCases)
    func clientCertificates(policy: TLSMaterial.ClientAuthentication, presented: Presented) async throws {
        let material = try material(clients: policy)
        let pair: TestCertificates.Pair? =
            switch presented {
            case .nothing: nil
            case .valid: certificates.client
            case .strange: certificates.strangeClient
            }
        let context = try client(pair)
        let isAccepted =
            switch (policy, presented) {
            case (.none, _), (.optional, .nothing), (_, .valid): true
            default: false
            }
        let handler: @Sendable (Request) async -> Response = { request in
            .text("\(request.clientCertificates.map { (try? $0.toDERBytes()) ?? [] })")
        }
        try await TestServer.with(limits { $0.tls = material }, answer: handler) { server in
            let body = try? await RawClient.with(server.address, tls: context) { client in
                try await client.send(get)
                return try await client.response().body
            }
            #expect((body != nil) == isAccepted)
            guard isAccepted else { return }
            let sees = policy != .none && presented == .valid
            let own = try certificates.client.certificates.map { try $0.toDERBytes() }
            #expect(body == (sees ? "\(own)" : "[]"))
        }
    }

    private func materialTrusting(_ authorities: TestCertificates.Pair...) throws -> TLSMaterial {
        var text = ""
        for pair in authorities { text += try String(contentsOfFile: pair.certificate, encoding: .utf8) }
        return try TLSMaterial(
            certificateChain: .file(certificates.server.certificate), privateKey: .file(certificates.server.key),
            clientAuthorities: .bytes(Array(text.utf8), name: "authorities"), clientAuthentication: .optional)
    }

    @Test
    func `a connection ends when its client's authority is taken away, and no other does`() async throws {
        let both = try materialTrusting(certificates.authority, certificates.stranger)
        let one = try materialTrusting(certificates.stranger)
        let (named, nameless) = (try client(certificates.client), try client())
        try await TestServer.with(limits { $0.tls = one }) { server in
            // One more is no reason.
            server.server.replaceTLS(with: both)
            try await RawClient.with(server.address, tls: named) { known in
                try await RawClient.with(server.address, tls: nameless) { unknown in
                    for client in [known, unknown] {
                        try await client.send(get)
                        #expect(try await client.response().status == 200)
                    }
                    server.server.replaceTLS(with: both)
                    for client in [known, unknown] {
                        try await client.send(get)
                        #expect(try await client.response().status == 200)
                    }
                    server.server.replaceTLS(with: one)
                    #expect(await known.rest() == "")
                    try await unknown.send(get)
                    #expect(try await unknown.response().status == 200)
                }
            }
        }
    }

    @Test
    func `a connection ends when its client's certificate does, after the response under way`() async throws {
        let material = try materialTrusting(certificates.authority)
        let context = try client(certificates.client)
        let gate = Gate()
        let end = Int64(try certificates.client.certificates[0].notValidAfter)
        let time = NIOLockedValueBox(end)
        let waiting: @Sendable (Request) async -> Response = { request in
            if request.path == "/wait" { await gate.pass() }
            return .text(request.path)
        }
        let change = limits {
            $0.tls = material
            // The sweep comes often.
            $0.bodyStallTimeout = .seconds(1)
        }
        try await TestServer.with(change, answer: waiting, now: { time.withLockedValue { $0 } }) { server in
            try await RawClient.with(server.address, tls: context) { busy in
                try await busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
                await gate.isReached()
                try await RawClient.with(server.address, tls: context) { idle in
                    try await idle.send(get)
                    #expect(try await idle.response().status == 200)
                    time.withLockedValue { $0 = end + 1 }
                    #expect(await idle.rest() == "")
                }
                await gate.open()
                #expect(try await busy.response().body == "/wait")
                #expect(await busy.rest() == "")
            }
            // A session that is taken up again is not trusted for what it once was.
            let status = try? await RawClient.with(server.address, tls: context) { late in
                try await late.send(get)
                return try await late.response().status
            }
            #expect(status == nil)
        }
    }

    @Test
    func `a connection ends when its client's authority does, though the certificate lasts`() async throws {
        let material = try materialTrusting(certificates.authority)
        let (named, nameless) = (try client(certificates.lastingClient), try client())
        let end = Int64(try certificates.authority.certificates[0].notValidAfter)
        let time = NIOLockedValueBox(end)
        let change = limits {
            $0.tls = material
            // The sweep comes often.
            $0.bodyStallTimeout = .seconds(1)
        }
        try await TestServer.with(change, now: { time.withLockedValue { $0 } }) { server in
            try await RawClient.with(server.address, tls: named) { known in
                try await RawClient.with(server.address, tls: nameless) { unknown in
                    for client in [known, unknown] {
                        try await client.send(get)
                        #expect(try await client.response().status == 200)
                    }
                    time.withLockedValue { $0 = end + 1 }
                    #expect(await known.rest() == "")
                    try await unknown.send(get)
                    #expect(try await unknown.response().status == 200)
                }
            }
        }
    }

    @Test
    func `a response under way is cut when it takes long after its client was distrusted`() async throws {
        let both = try materialTrusting(certificates.authority, certificates.stranger)
        let one = try materialTrusting(certificates.stranger)
        let context = try client(certificates.client)
        let change = limits {
            $0.tls = both
            $0.connectionAgeGrace = .milliseconds(200)
        }
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let waiting: @Sendable (Request) async -> Response = { _ in
            begin.yield()
            try? await Task.sleep(for: .seconds(50))
            return .text("never")
        }
        try await TestServer.with(change, answer: waiting) { server in
            try await RawClient.with(server.address, tls: context) { client in
                try await client.send(get)
                _ = await begun.first { true }
                server.server.replaceTLS(with: one)
                #expect(await client.rest() == "")
            }
        }
    }

    @Test
    func anotherCertificateServesNewConnectionsOnly() async throws {
        let first = try material()
        let second = try material(certificates.otherServer)
        let trustsFirst = try client()
        try await TestServer.with(limits { $0.tls = first }) { server in
            try await RawClient.with(server.address, tls: trustsFirst) { old in
                try await old.send(get)
                _ = try await old.response()
                let firstCertificate = try await old.peerCertificate()
                #expect(try firstCertificate == certificates.server.certificates[0])
                server.server.replaceTLS(with: second)
                try await old.send(get)
                #expect(try await old.response().status == 200)
                try await RawClient.with(server.address, tls: trustsFirst) { new in
                    try await new.send(get)
                    #expect(try await new.response().status == 200)
                    let secondCertificate = try await new.peerCertificate()
                    #expect(try secondCertificate == certificates.otherServer.certificates[0])
                }
            }
        }
    }

    @Test
    func aHandshakeThatDoesNotComeIsCutOff() async throws {
        let material = try material()
        let change = limits {
            $0.tls = material
            $0.handshakeTimeout = .milliseconds(100)
        }
        try await TestServer.with(change) { server in
            let text = try await server.exchange("")
            #expect(text == "")
        }
    }

    @Test
    func aCutResponseHasNoOrderlyEnd() async throws {
        struct Broken: Error {}
        let material = try material()
        let context = try client()
        let response = Response(
            status: .ok,
            body: .stream(length: nil) { writer in
                try await writer.write(ByteBuffer(string: "abc"))
                throw Broken()
            })
        try await TestServer.with(limits { $0.tls = material }, answer: always(response)) { server in
            try await RawClient.with(server.address, tls: context) { client in
                try await client.send("GET / HTTP/1.0\r\n\r\n")
                await #expect(throws: (any Error).self) {
                    while true { _ = try await client.text(count: 1000) }
                }
                #expect(client.sawUncleanEnd)
            }
        }
    }

    @Test
    func materialErrorsNameTheFile() throws {
        let pair = certificates.server
        #expect {
            try TLSMaterial(certificateChain: .file("/nonexistent/c.pem"), privateKey: .file(pair.key))
        } throws: { "\($0)".contains("/nonexistent/c.pem") }
        #expect {
            try TLSMaterial(certificateChain: .file(pair.certificate), privateKey: .file("/nonexistent/k.pem"))
        } throws: { "\($0)".contains("/nonexistent/k.pem") }
        #expect {
            try TLSMaterial(certificateChain: .bytes(Array("x".utf8), name: "inline"), privateKey: .file(pair.key))
        } throws: { "\($0)".contains("inline") }
        #expect {
            try TLSMaterial(
                certificateChain: .file(pair.certificate), privateKey: .file(certificates.otherServer.key))
        } throws: { "\($0)".contains(certificates.otherServer.key) }
        #expect(throws: TLSMaterialError.missingClientAuthorities) {
            try TLSMaterial(
                certificateChain: .file(pair.certificate), privateKey: .file(pair.key),
                clientAuthentication: .required)
        }
    }
}
