import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ConnectionHandler {
    func closeIfIdle() {
        guard phase == .idle else { return }
        // The end of the last response may still wait for its client.
        closeGracefully()
    }

    /// Ends the connection of a client whose certificate is past its end.
    func checkCertificate(seconds: Int64) {
        if let certificateEnd, seconds > certificateEnd { distrust() }
    }

    /// Nobody vouches for the client any more: what it has begun to ask for is not heard, what is being answered is given
    /// some time, and nothing follows.
    func distrust() {
        guard distrustedSince == nil else { return }
        distrustedSince = .now()
        if phase == .receivingHead { abort() } else { closeIfIdle() }
    }

    /// Closes after everything written has been handed to the kernel. Where the client may still be sending, it is
    /// given time to read the response: closing with unread input would reset the connection and lose it.
    func closeGracefully() {
        guard isOpen, let context else { return }
        let mayBeSending =
            !isInputClosed && (!body.isFinished || bodyError != nil || input.readableBytes > 0 || isRefused)
        phase = .lingering
        // What is written may take as long as the client makes progress; only what comes after it is bounded.
        deadline = .distantFuture
        input = ByteBuffer()
        serveReader()
        if !mayBeSending, hasHandedAllToKernel { return context.close(promise: nil) }
        whenHandedToKernel(context) { _ in
            guard let context = self.context else { return }
            self.deadline = .now() + TimeAmount(HTTPServerConfiguration.lingerTimeout)
            if mayBeSending {
                context.close(mode: .output, promise: nil)
                self.resumeRead()
            } else {
                context.close(promise: nil)
            }
        }
    }

    /// Whether the kernel certainly has everything that was written; TLS does not tell.
    var hasHandedAllToKernel: Bool {
        !isSecure && (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0
    }

    private func whenHandedToKernel(
        _ context: ChannelHandlerContext, _ action: @escaping (Result<Void, any Error>) -> Void
    ) {
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete(action)
        context.writeAndFlush(NIOAny(ByteBuffer()), promise: flushed)
    }

    /// Resumes when the kernel has everything that was written.
    func awaitHandedToKernel(_ continuation: CheckedContinuation<Void, any Error>) {
        guard isOpen, let context else { return continuation.resume(throwing: BodyWriteError.connectionClosed) }
        whenHandedToKernel(context) { continuation.resume(with: $0.mapError { _ in BodyWriteError.connectionClosed }) }
    }

    /// Cuts the connection: what is not yet sent never will be.
    func abort() {
        guard isOpen, let context else { return }
        if case .untilClose = outgoing { resetOnClose() }
        if isSecure, let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            // Past the TLS handler: no close_notify, which would make the response look complete.
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    /// A body that ends with the connection looks complete unless the connection is reset.
    private func resetOnClose() {
        guard let provider = context?.channel as? any SocketOptionProvider else { return }
        // Takes effect before this returns, being called on the event loop.
        _ = provider.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }

    /// Called regularly with the time; enforces every deadline of the connection.
    func sweep(now: NIODeadline) {
        guard isOpen, let context else { return }
        if !isAged, now - birth >= TimeAmount(configuration.connectionAge) {
            isAged = true
            closeIfIdle()
        }
        if phase == .responding || phase == .lingering, now - requestBegan >= configuration.requestTime {
            return cut(.tooLong)
        }
        let distrustGrace = min(TimeAmount(configuration.connectionAgeGrace), Self.distrustGrace)
        if let distrustedSince, now - distrustedSince >= distrustGrace { return cut(.distrusted) }
        if phase == .responding || phase == .lingering, isStalled(context, now: now) { return abort() }
        guard now >= deadline else { return }
        switch phase {
        case .handshaking, .lingering:
            abort()
        case .idle:
            closeGracefully()
        case .receivingHead:
            phase = .responding
            isRefused = true
            deadline = .distantFuture
            startRefusal(.headTimeout)
        case .responding:
            deadline = .distantFuture
            if bodyWaiter != nil { failBody(.stalled) }
        case .closed:
            break
        }
    }

    private static let distrustGrace: TimeAmount = .seconds(45)

    private func isStalled(_ context: ChannelHandlerContext, now: NIODeadline) -> Bool {
        let queued = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        let pending = Int64(queued) + (queued > 0 ? unacknowledgedBytes(context) : 0)
        return progress.isStalled(
            pending: pending, isBlocked: queued > 0, now: now, timeout: TimeAmount(configuration.writeStallTimeout))
    }

    /// Bytes in the kernel's send queue, so that a client is seen to take bytes before the queue has room again.
    private func unacknowledgedBytes(_ context: ChannelHandlerContext) -> Int64 {
        #if os(Linux)
            var count: CInt = 0
            _ = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                ioctl($0, UInt(TIOCOUTQ), &count)
            }
            return Int64(count)
        #else
            return 0
        #endif
    }
}
