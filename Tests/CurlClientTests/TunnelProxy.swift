import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A proxy that knows CONNECT only.
final class TunnelProxy: Sendable {
    enum Rule: Sendable {
        /// Opens the tunnel to this port of 127.0.0.1, whatever host was asked for.
        case connect(to: Int)
        case answer(String)
        case hangUp
        case silence
    }

    let port: Int
    private let recorded: NIOLockedValueBox<[String]>

    /// The heads of all requests so far.
    var heads: [String] { recorded.withLockedValue { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    private init(port: Int, recorded: NIOLockedValueBox<[String]>) {
        self.port = port
        self.recorded = recorded
    }

    static func run<Result>(_ rule: Rule, _ body: (TunnelProxy) async throws -> Result) async throws -> Result {
        let recorded = NIOLockedValueBox<[String]>([])
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ClientSide(rule, recorded))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        defer { listener.close(promise: nil) }
        return try await body(TunnelProxy(port: listener.localAddress?.port ?? 0, recorded: recorded))
    }

    private final class ClientSide: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let rule: Rule
        private let recorded: NIOLockedValueBox<[String]>
        private var head = ""
        private var server: (any Channel)?

        init(_ rule: Rule, _ recorded: NIOLockedValueBox<[String]>) {
            self.rule = rule
            self.recorded = recorded
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            if let server { return server.writeAndFlush(bytes, promise: nil) }
            head += String(buffer: bytes)
            guard head.hasSuffix("\r\n\r\n") else { return }
            recorded.withLockedValue { $0.append(head) }
            let client = context.channel
            switch rule {
            case .connect(let port): connect(client, port)
            case .answer(let text): client.writeAndFlush(ByteBuffer(string: text), promise: nil)
            case .hangUp: client.close(promise: nil)
            case .silence: break
            }
        }

        private func connect(_ client: any Channel, _ port: Int) {
            ClientBootstrap(group: client.eventLoop)
                .channelInitializer { server in
                    server.eventLoop.makeCompletedFuture {
                        try server.pipeline.syncOperations.addHandler(ServerSide(client))
                    }
                }
                .connect(host: "127.0.0.1", port: port)
                .assumeIsolated()
                .whenComplete { result in
                    switch result {
                    case .success(let server):
                        self.server = server
                        client.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 Connected\r\n\r\n"), promise: nil)
                    case .failure:
                        client.close(promise: nil)
                    }
                }
        }

        func channelInactive(context: ChannelHandlerContext) {
            server?.close(promise: nil)
        }
    }

    private final class ServerSide: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let client: any Channel

        init(_ client: any Channel) {
            self.client = client
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            client.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            client.close(promise: nil)
        }
    }
}
