import NIOCore

/// The way into a ``ConnectionHandler`` from any task. Calls from the connection's own event loop, which is where its
/// task runs, go straight in; others hop.
struct LoopBoundConnection: Sendable {
    let eventLoop: any EventLoop
    let isSecure: Bool
    private let bound: NIOLoopBound<ConnectionHandler>

    /// On the event loop only.
    init(_ handler: ConnectionHandler) {
        eventLoop = handler.loop.eventLoop
        isSecure = handler.isSecure
        bound = NIOLoopBound(handler, eventLoop: eventLoop)
    }

    /// On the event loop only.
    var handler: ConnectionHandler { bound.value }

    func onLoop(_ action: @escaping @Sendable (ConnectionHandler) -> Void) {
        if eventLoop.inEventLoop {
            action(bound.value)
        } else {
            eventLoop.execute { action(bound.value) }
        }
    }

    func nextBodyChunk(serial: UInt64, first: Bool) async throws -> ByteBuffer? {
        try await withCheckedThrowingContinuation { continuation in
            onLoop { $0.awaitBody(serial: serial, first: first, continuation) }
        }
    }

    func write(_ bytes: ByteBuffer, serial: UInt64) async throws {
        if eventLoop.inEventLoop {
            if try !bound.value.write(bytes, serial: serial) { try await writable() }
            return
        }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            eventLoop.execute {
                do throws(BodyWriteError) {
                    if try bound.value.write(bytes, serial: serial) {
                        continuation.resume()
                    } else {
                        bound.value.awaitWritable(continuation)
                    }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Returns when at most ``HTTPServerConfiguration/maxUnsentBytes`` wait for the client.
    func writable() async throws {
        if eventLoop.inEventLoop, bound.value.context?.channel.isWritable == true { return }
        try await withCheckedThrowingContinuation { continuation in
            onLoop { $0.awaitWritable(continuation) }
        }
    }

    /// Returns when nothing waits for the client any more.
    func handedToKernel() async throws {
        if eventLoop.inEventLoop, bound.value.hasHandedAllToKernel { return }
        try await withCheckedThrowingContinuation { continuation in
            onLoop { $0.awaitHandedToKernel(continuation) }
        }
    }

    func write(_ slice: FileSlice, serial: UInt64) async throws {
        try await FileSender(connection: self, serial: serial).send(slice)
    }
}
