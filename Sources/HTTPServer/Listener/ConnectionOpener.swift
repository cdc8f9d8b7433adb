import NIOCore

/// Makes connections of what the listener accepted, each in one step on its own event loop.
///
/// The bootstrap would go to that loop and back and there again, three times a wake-up of another thread for one
/// connection. So its handler, the next in the listener's pipeline, is passed by.
final class ConnectionOpener: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let open: @Sendable (any Channel) throws -> Void
    private var bootstrap: ChannelHandlerContext?

    /// - Parameter open: Called on the connection's event loop; if it throws, the connection is closed.
    init(_ open: @escaping @Sendable (any Channel) throws -> Void) {
        self.open = open
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if bootstrap == nil { bootstrap = try? context.pipeline.syncOperations.context(name: "AcceptHandler") }
        // Where it goes by another name the connection takes the long way.
        guard let bootstrap else { return context.fireChannelRead(data) }
        let connection = Self.unwrapInboundIn(data)
        connection.eventLoop.execute { [open] in
            do { try open(connection) } catch {
                // Nobody else closes a channel that never became a connection.
                connection.close(promise: nil)
            }
        }
        // The listener registers it, on the same loop and after this.
        bootstrap.fireChannelRead(data)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        bootstrap = nil
    }
}
