#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Logging
import NIOCore
import NIOPosix

/// Accepts no connections while there are no descriptors to spare for them. Clients wait in the listener's queue; nothing
/// is asked of the system in between but, a few times a second, whether it is over.
///
/// By itself the listener would try again at once, for as long as somebody waits.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let logger: Logger
    private let asksAfter: Int
    private let isScarce: (any Channel) -> Bool
    private var pause: RepeatedTask?
    /// Since it was last asked how many descriptors are left.
    private var accepted = 0

    /// - Parameters:
    ///   - connections: After so many it is asked whether descriptors are scarce, which takes three system calls; fewer
    ///     than are reserved.
    ///   - isScarce: Whether descriptors are, asked on the listener's event loop.
    init(
        logger: Logger, asksAfter connections: Int = 8,
        isScarce: @escaping (any Channel) -> Bool = AcceptPause.isScarce
    ) {
        self.logger = logger
        asksAfter = connections
        self.isScarce = isScarce
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        accepted += 1
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if accepted >= asksAfter {
            accepted = 0
            if isScarce(context.channel) { begin(context) }
        }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that left before it was accepted is no reason to wait.
        if let error = error as? IOError, error.errnoCode != ECONNABORTED {
            begin(context)
        } else {
            context.fireErrorCaught(error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        pause?.cancel()
        pause = nil
        context.fireChannelInactive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard pause == nil else { return }
        logger.warning("no connections are accepted for now: too few file descriptors are left")
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        pause = channel.eventLoop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) { task in
            let handler = bound.value
            guard !handler.isScarce(channel) else { return }
            task.cancel()
            handler.pause = nil
            handler.logger.notice("connections are accepted again")
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }

    private static func isScarce(_ listener: any Channel) -> Bool {
        let isScarce = try? listener.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { DescriptorReserve.now.isAllThatIsLeft(asSeenFrom: $0) }
        return isScarce ?? false
    }

    private static let interval: TimeAmount = .milliseconds(100)
}
