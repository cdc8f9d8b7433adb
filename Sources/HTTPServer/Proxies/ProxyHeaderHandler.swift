import Logging
import NIOCore

/// Stands before TLS on connections of trusted proxies that speak the PROXY protocol: takes its header off the front and
/// goes. Until it has come nothing else is read, and where something else comes the connection is closed.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler
    private var received = ByteBuffer()
    private var isDone = false

    init(_ connection: ConnectionHandler) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        received.writeImmutableBuffer(Self.unwrapInboundIn(data))
        do throws(ProxyHeaderError) {
            guard let source = try ProxyHeader.take(from: &received) else { return }
            isDone = true
            connection.comes(from: source)
            let rest = received
            received = ByteBuffer()
            if rest.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(rest)) }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            connection.loop.core.logger.notice(
                "connection of a trusted proxy refused",
                metadata: [
                    "proxy": "\(context.channel.remoteAddress?.ipAddress ?? "?")", "error": "\(error.what)",
                ])
            isDone = true
            context.close(promise: nil)
        }
    }
}
