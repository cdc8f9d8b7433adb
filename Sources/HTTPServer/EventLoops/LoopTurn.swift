import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tells when an event loop has looked at its connections once more.
///
/// A loop runs all that is due, and what that makes due, before it asks the kernel for news: a task that puts itself off
/// to the end keeps the loop as well as one that does not stop. Only what comes from the kernel comes in turn, so that this
/// is a pipe through which the loop sends itself a byte.
final class LoopTurn: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Begins to tell the turns of `loop`, on which `turn` is; until then, and after the channel is closed, nobody waits.
    static func open(_ turn: NIOLoopBound<LoopTurn>, on loop: any EventLoop) async throws -> any Channel {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw IOError(errnoCode: errno, reason: "pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return try await NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(turn.value)
                }
            }
            .takingOwnershipOfDescriptors(input: ends[0], output: ends[1]).get()
    }

    /// Resumes when the loop has looked at its connections. On the loop only.
    func awaitNext(_ continuation: CheckedContinuation<Void, Never>) {
        guard let context else { return continuation.resume() }
        waiting.append(continuation)
        guard waiting.count == 1 else { return }
        context.writeAndFlush(Self.wrapOutboundOut(Self.byte), promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { passed() }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        passed()
    }

    private func passed() {
        let waiting = waiting
        self.waiting = []
        for continuation in waiting { continuation.resume() }
    }

    private static let byte = ByteBuffer(integer: UInt8(ascii: "."))
}
