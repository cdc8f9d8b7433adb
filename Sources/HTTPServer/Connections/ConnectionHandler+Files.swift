import NIOCore
import NIOPosix

#if os(Linux)
    import Glibc
#endif

/// The steps of a ``FileSender``.
extension ConnectionHandler {
    /// Whether the kernel waits for full segments, as long as a file is being sent: fewer and larger ones cost the
    /// client a third less. Turning it off sends the rest at once.
    func packSegments(_ packs: Bool) {
        #if os(Linux)
            try? context?.channel.syncOptions?.setOption(.tcpOption(.init(rawValue: TCP_CORK)), value: packs ? 1 : 0)
        #endif
    }

    /// Sends a piece of a file with `sendfile(2)`; completes when the kernel has taken it.
    /// - Returns: whether it had to wait.
    func sendFile(
        _ handle: NIOFileHandle, offset: Int64, length: Int, serial: UInt64,
        _ continuation: CheckedContinuation<Bool, any Error>
    ) {
        do throws(BodyWriteError) {
            let context = try account(Int64(length), serial: serial)
            let promise = context.eventLoop.makePromise(of: Void.self)
            var waits = false
            promise.futureResult.assumeIsolated().whenComplete { result in
                if case .success = result { self.sentBytes += Int64(length) }
                continuation.resume(with: result.map { waits }.mapError { _ in BodyWriteError.connectionClosed })
            }
            let region = FileRegion(fileHandle: handle, readerIndex: Int(offset), endIndex: Int(offset) + length)
            progress.handed += Int64(length)
            frame(context, count: length) {
                context.write(Self.wrapOutboundOut(.fileRegion(region)), promise: promise)
            }
            context.flush()
            waits = true
        } catch {
            continuation.resume(throwing: error)
        }
    }

    /// Sends a piece of a file through memory; completes when the client keeps up.
    /// - Returns: whether it had to wait.
    func copyFile(
        _ slice: FileSlice, serial: UInt64, _ continuation: CheckedContinuation<Bool, any Error>
    ) {
        do throws(BodyWriteError) {
            let context = try account(slice.length, serial: serial)
            var failure: BodyWriteError?
            loop.withScratch { scratch in
                do throws(BodyWriteError) {
                    try slice.read(into: &scratch)
                } catch {
                    failure = error
                    return
                }
                let promise = context.eventLoop.makePromise(of: Void.self)
                frame(context, count: scratch.readableBytes) {
                    context.write(buffer(scratch), promise: promise)
                }
                context.flush()
                let waits = !context.channel.isWritable
                promise.futureResult.assumeIsolated().whenComplete { result in
                    if case .success = result { self.sentBytes += slice.length }
                    continuation.resume(
                        with: result.map { waits }.mapError { _ in BodyWriteError.connectionClosed })
                }
            }
            if let failure { throw failure }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
