import NIOCore
import NIOHTTP1

extension ConnectionHandler {
    func sendContinue() {
        guard let context else { return }
        context.writeAndFlush(buffer(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }

    /// TLS takes buffers only, the socket both: `NIOAny` of a buffer suits the two.
    func buffer(_ bytes: ByteBuffer) -> NIOAny {
        progress.handed += Int64(bytes.readableBytes)
        return isSecure ? NIOAny(bytes) : Self.wrapOutboundOut(.byteBuffer(bytes))
    }

    /// Writes a response's head, and with it a body that is in memory or small enough to be read into the same buffer:
    /// one system call for the whole response.
    /// - Returns: whether the body is still to be sent.
    func send(_ response: Response, _ plan: ResponsePlan, requestID: String) throws(BodyWriteError) -> Bool {
        guard isOpen, let context else { throw .connectionClosed }
        let head: (inout ByteBuffer) -> Void = { [loop] buffer in
            loop.core.headEncoder.encode(
                response, length: plan.length, connection: plan.connection, requestID: requestID,
                date: loop.date.current(), into: &buffer)
        }
        guard plan.sendsBody else {
            flushScratch(context, head)
            return false
        }
        switch response.body {
        case .empty:
            flushScratch(context, head)
        case .bytes(let bytes) where response.body.isSmall:
            flushScratch(context) { scratch in
                head(&scratch)
                scratch.writeImmutableBuffer(bytes)
            }
            sentBytes += Int64(bytes.readableBytes)
        case .bytes(let bytes):
            loop.withScratch { scratch in
                head(&scratch)
                context.write(buffer(scratch), promise: nil)
            }
            context.writeAndFlush(buffer(bytes), promise: nil)
            sentBytes += Int64(bytes.readableBytes)
        case .file(let slice) where response.body.isSmall:
            var failure: BodyWriteError?
            loop.withScratch { scratch in
                head(&scratch)
                do throws(BodyWriteError) {
                    try slice.read(into: &scratch)
                    context.writeAndFlush(buffer(scratch), promise: nil)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            sentBytes += slice.length
        case .file:
            loop.withScratch { scratch in
                head(&scratch)
                context.write(buffer(scratch), promise: nil)
            }
            return true
        case .stream:
            flushScratch(context, head)
            return true
        }
        outgoing = .none
        return false
    }

    private func flushScratch(_ context: ChannelHandlerContext, _ fill: (inout ByteBuffer) -> Void) {
        loop.withScratch { scratch in
            fill(&scratch)
            context.writeAndFlush(buffer(scratch), promise: nil)
        }
    }

    /// Sends bytes of a streamed body.
    /// - Returns: whether the client keeps up.
    func write(_ bytes: ByteBuffer, serial: UInt64) throws(BodyWriteError) -> Bool {
        let context = try account(Int64(bytes.readableBytes), serial: serial)
        guard bytes.readableBytes > 0 else { return true }
        frame(context, count: bytes.readableBytes) { context.write(buffer(bytes), promise: nil) }
        context.flush()
        sentBytes += Int64(bytes.readableBytes)
        return context.channel.isWritable
    }

    /// Ends a streamed or file body.
    func finishBody() throws(BodyWriteError) {
        guard isOpen, let context else { throw .connectionClosed }
        switch outgoing {
        case .fixed(let remaining):
            guard remaining == 0 else { throw .tooFewBytes(missing: remaining) }
        case .chunked:
            context.writeAndFlush(buffer(ByteBuffer(staticString: "0\r\n\r\n")), promise: nil)
        case .none, .untilClose:
            break
        }
        outgoing = .none
    }

    func awaitWritable(_ continuation: CheckedContinuation<Void, any Error>) {
        guard isOpen, let context else { return continuation.resume(throwing: BodyWriteError.connectionClosed) }
        guard !context.channel.isWritable else { return continuation.resume() }
        writeWaiters.append(continuation)
    }

    func account(_ count: Int64, serial: UInt64) throws(BodyWriteError) -> ChannelHandlerContext {
        guard serial == self.serial else { throw .responseFinished }
        guard isOpen, let context else { throw .connectionClosed }
        switch outgoing {
        case .none: throw .responseFinished
        case .fixed(let remaining):
            guard count <= remaining else { throw .tooManyBytes }
            outgoing = .fixed(remaining: remaining - count)
        case .chunked, .untilClose: break
        }
        return context
    }

    func frame(_ context: ChannelHandlerContext, count: Int, _ write: () -> Void) {
        guard case .chunked = outgoing else { return write() }
        context.write(buffer(ByteBuffer(string: String(count, radix: 16) + "\r\n")), promise: nil)
        write()
        context.write(buffer(ByteBuffer(staticString: "\r\n")), promise: nil)
    }
}

extension ResponseBody {
    /// Whether it goes out in one piece with the head.
    var isSmall: Bool {
        switch self {
        case .empty: true
        case .bytes(let bytes): bytes.readableBytes <= Self.maxCoalesced
        case .file(let slice): slice.length <= Int64(Self.maxCoalesced)
        case .stream: false
        }
    }

    private static let maxCoalesced = 32 * 1024
}
