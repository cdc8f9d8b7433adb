public import NIOCore
import NIOConcurrencyHelpers
import NIOHTTP1
import NIOPosix
import NIOSSL

/// What a client asked, whole: the body is read before the handler runs.
public struct TestRequest: Sendable {
    public let method: String
    /// Path and query as sent.
    public let target: String
    public let headers: [(name: String, value: String)]
    public let body: ByteBuffer
    /// Numbers the server's connections from 0.
    public let connection: Int

    public var path: String { String(target.prefix { $0 != "?" }) }
    public var query: String? { target.firstIndex(of: "?").map { String(target[target.index(after: $0)...]) } }

    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// An answer, byte for byte: what `ScriptedHTTPServer` writes, step by step.
public struct TestResponse: Sendable {
    public enum Step: Sendable {
        case bytes(ByteBuffer)
        /// The same bytes again and again until the peer goes.
        case endless(ByteBuffer)
        /// The bytes in pieces of `size` with a wait after each.
        case drip(ByteBuffer, size: Int, every: Duration)
        /// Nothing more until the peer goes.
        case hang
        /// Cuts the connection.
        case close
        /// Runs before the next step: where a test holds the server back.
        case wait(@Sendable () async -> Void)
    }

    public var steps: [Step]

    public init(steps: [Step]) {
        self.steps = steps
    }

    /// Bytes as they stand, then the connection closes.
    public static func raw(_ text: String) -> TestResponse {
        TestResponse(steps: [.bytes(ByteBuffer(string: text)), .close])
    }

    /// Head with `Content-Length`, unless `headers` has one or a `Transfer-Encoding`, or the status allows none;
    /// `body` empty for an answer to HEAD while `length` says how long it would be.
    public static func answer(
        _ status: Int = 200, _ headers: [(String, String)] = [], body: ByteBuffer = ByteBuffer(), length: Int? = nil
    ) -> TestResponse {
        TestResponse(steps: [.bytes(head(status, headers, length: length ?? body.readableBytes)), .bytes(body)])
    }

    public static func answer(_ status: Int = 200, _ headers: [(String, String)] = [], text: String) -> TestResponse {
        answer(status, headers, body: ByteBuffer(string: text))
    }

    public static func redirect(to location: String, status: Int = 307) -> TestResponse {
        answer(status, [("Location", location)])
    }

    /// Promises `length` bytes, sends `body`, closes.
    public static func cut(_ body: ByteBuffer, promising length: Int, status: Int = 200) -> TestResponse {
        TestResponse(steps: [.bytes(head(status, [], length: length)), .bytes(body), .close])
    }

    /// Status line, headers and the empty line.
    public static func head(_ status: Int, _ headers: [(String, String)], length: Int?) -> ByteBuffer {
        var text = "HTTP/1.1 \(status) Scripted\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        let names = Set(headers.map { $0.0.lowercased() })
        if let length, names.isDisjoint(with: ["content-length", "transfer-encoding"]), status >= 200, status != 204 {
            text += "Content-Length: \(length)\r\n"
        }
        return ByteBuffer(string: text + "\r\n")
    }
}

/// A small HTTP/1.1 server on a loopback port for tests: real sockets, scripted answers, recorded requests.
public final class ScriptedHTTPServer: Sendable {
    public struct TLS: Sendable {
        public var certificatePath: String
        public var privateKeyPath: String
        /// Clients must show a certificate of this authority.
        public var clientAuthorityPath: String?

        public init(certificatePath: String, privateKeyPath: String, clientAuthorityPath: String? = nil) {
            self.certificatePath = certificatePath
            self.privateKeyPath = privateKeyPath
            self.clientAuthorityPath = clientAuthorityPath
        }
    }

    public typealias Handler = @Sendable (TestRequest) async -> TestResponse

    public let port: Int
    public let scheme: String
    private let handler: Handler
    private let recorded = NIOLockedValueBox<[TestRequest]>([])
    private let connectionCount = NIOLockedValueBox(0)

    /// Every request so far, in the order in which they were read.
    public var requests: [TestRequest] { recorded.withLockedValue { $0 } }
    /// Connections accepted so far.
    public var connections: Int { connectionCount.withLockedValue { $0 } }
    /// `127.0.0.1:port`
    public var authority: String { "127.0.0.1:\(port)" }
    /// `scheme://127.0.0.1:port`
    public var url: String { "\(scheme)://\(authority)" }

    private init(port: Int, scheme: String, handler: @escaping Handler) {
        self.port = port
        self.scheme = scheme
        self.handler = handler
    }

    /// Serves while `body` runs; afterwards every connection is cut.
    public static func run<Result>(
        tls: TLS? = nil, handler: @escaping Handler,
        _ body: (ScriptedHTTPServer) async throws -> Result
    ) async throws -> Result {
        let context = try tls.map { try NIOSSLContext(configuration: $0.configuration()) }
        let (accepted, acceptance) = AsyncStream<Connection>.makeStream()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (parts, continuation) = AsyncStream<HTTPServerRequestPart>.makeStream()
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(PartsHandler(continuation))
                    if case .terminated = acceptance.yield(Connection(channel: channel, parts: parts)) {
                        channel.close(promise: nil)
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedHTTPServer(
            port: listener.localAddress?.port ?? 0, scheme: tls == nil ? "http" : "https", handler: handler)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { group in
                    for await connection in accepted {
                        group.addTask { await server.serve(connection) }
                    }
                    group.cancelAll()
                }
            }
            defer {
                listener.close(promise: nil)
                acceptance.finish()
            }
            return try await body(server)
        }
    }

    private func serve(_ connection: Connection) async {
        let number = connectionCount.withLockedValue { count in
            defer { count += 1 }
            return count
        }
        await withTaskCancellationHandler {
            // Whatever the peer does to the connection is part of the script.
            try? await converse(connection, number)
            try? await connection.channel.close()
        } onCancel: {
            connection.channel.close(promise: nil)
        }
    }

    private func converse(_ connection: Connection, _ number: Int) async throws {
        var head: HTTPRequestHead?
        var body = ByteBuffer()
        for await part in connection.parts {
            switch part {
            case .head(let received):
                head = received
                body.clear()
            case .body(var received):
                body.writeBuffer(&received)
            case .end:
                guard let head else { return }
                let request = TestRequest(
                    method: head.method.rawValue, target: head.uri,
                    headers: head.headers.map { (name: $0.name, value: $0.value) }, body: body, connection: number)
                recorded.withLockedValue { $0.append(request) }
                guard try await play(handler(request), connection.channel) else { return }
            }
        }
    }

    /// - Returns: whether the connection may be used again.
    private func play(_ response: TestResponse, _ channel: any Channel) async throws -> Bool {
        for step in response.steps {
            switch step {
            case .bytes(let bytes):
                if bytes.readableBytes > 0 { try await channel.writeAndFlush(bytes) }
            case .endless(let bytes):
                // Written in larger pieces, or a limit of the client is long in being reached.
                let piece = ByteBuffer(bytes: (0..<64).flatMap { _ in bytes.readableBytesView })
                while true { try await channel.writeAndFlush(piece) }
            case .drip(var bytes, let size, let every):
                while let piece = bytes.readSlice(length: min(size, bytes.readableBytes)), piece.readableBytes > 0 {
                    try await channel.writeAndFlush(piece)
                    try await Task.sleep(for: every)
                }
            case .hang:
                try await channel.closeFuture.get()
            case .wait(let wait):
                await wait()
            case .close:
                return false
            }
        }
        return true
    }
}

private struct Connection: Sendable {
    let channel: any Channel
    let parts: AsyncStream<HTTPServerRequestPart>
}

/// Not `NIOAsyncChannel`, which stops the process if a connection arrives at the moment the test ends.
private final class PartsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let continuation: AsyncStream<HTTPServerRequestPart>.Continuation

    init(_ continuation: AsyncStream<HTTPServerRequestPart>.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        continuation.yield(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        continuation.finish()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        continuation.finish()
        context.close(promise: nil)
    }
}

extension ScriptedHTTPServer.TLS {
    fileprivate func configuration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificatePath).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: privateKeyPath, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        // A client that keeps an idle connection does not answer the close; tests need not wait for it.
        configuration.shutdownTimeout = .milliseconds(50)
        configuration.applicationProtocols = ["http/1.1"]
        if let clientAuthorityPath {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .file(clientAuthorityPath)
        }
        return configuration
    }
}
