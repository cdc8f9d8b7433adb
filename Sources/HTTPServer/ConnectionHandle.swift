import NIOCore

/// The way into a ``ConnectionHandler`` from any task. Calls from the connection's own event loop, which is where its
/// task runs, go straight in; others hop.
struct ConnectionHandle: Sendable {
    let eventLoop: any EventLoop
    let executor: EventLoopTaskExecutor
    let isSecure: Bool
    private let bound: NIOLoopBound<ConnectionHandler>

    /// On the event loop only.
    init(_ handler: ConnectionHandler) {
        eventLoop = handler.loop.eventLoop
        executor = handler.loop.executor
        isSecure = handler.isSecure
        bound = NIOLoopBound(handler, eventLoop: eventLoop)
    }

    /// On the event loop only.
    var handler: ConnectionHandler { bound.value }

    private func onLoop(_ action: @escaping @Sendable (ConnectionHandler) -> Void) {
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

    func write(_ slice: FileSlice, serial: UInt64) async throws {
        guard slice.length > 0 else { return }
        if isSecure {
            try await copy(slice, serial: serial)
        } else {
            try await sendFile(slice, serial: serial)
        }
        // The descriptor belongs to the holder, which has to outlive the last write.
        withExtendedLifetime(slice.file) {}
    }

    private func sendFile(_ slice: FileSlice, serial: UInt64) async throws {
        let descriptor = slice.file.descriptor
        // NIO sends from a handle that owns its descriptor; ownership is taken back before the handle goes.
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        defer { _ = try? handle.takeDescriptorOwnership() }
        let packs = slice.length >= Self.maxRegion
        if packs { onLoop { $0.packSegments(true) } }
        defer { if packs { onLoop { $0.packSegments(false) } } }
        var offset = slice.offset
        let end = slice.offset + slice.length
        while offset < end {
            let length = Int(min(end - offset, Self.maxRegion))
            // sendfile(2) at the end of a file sends nothing and says nothing.
            guard FileSize.of(descriptor) >= offset + Int64(length) else { throw BodyWriteError.fileTooShort }
            let start = offset
            try await withCheckedThrowingContinuation { continuation in
                onLoop { $0.sendFile(handle, offset: start, length: length, serial: serial, continuation) }
            }
            offset += Int64(length)
        }
    }

    /// Large pieces while the client keeps up, small ones for slow clients, which then hold little memory.
    private func copy(_ slice: FileSlice, serial: UInt64) async throws {
        var offset = slice.offset
        let end = slice.offset + slice.length
        var size = Self.maxCopy
        while offset < end {
            let piece = FileSlice(file: slice.file, offset: offset, length: min(end - offset, size))
            let waited = try await withCheckedThrowingContinuation { continuation in
                onLoop { $0.copyFile(piece, serial: serial, continuation) }
            }
            size = waited ? Self.minCopy : min(size * 2, Self.maxCopy)
            offset += piece.length
        }
    }

    /// Bounds how long one client can keep an event loop, and how stale the count of sent bytes is.
    private static let maxRegion: Int64 = 2 << 20
    private static let maxCopy: Int64 = 128 << 10
    private static let minCopy: Int64 = 32 << 10
}
