import NIOCore

/// Sends a file in steps, so that one client does not keep an event loop from the others: `sendfile(2)` in the clear,
/// through memory over TLS.
struct FileSender: Sendable {
    let connection: LoopBoundConnection
    /// Of the response that the file belongs to.
    let serial: UInt64

    /// Bounds how long one client can keep an event loop, and how stale the count of sent bytes is.
    private static let maxRegion: Int64 = 1 << 20
    private static let maxCopy: Int64 = 128 << 10
    private static let minCopy: Int64 = 32 << 10

    func send(_ slice: FileSlice) async throws {
        guard slice.length > 0 else { return }
        if connection.isSecure {
            try await copy(slice)
        } else {
            try await sendFromKernel(slice)
        }
        // The descriptor belongs to the holder, which has to outlive the last write.
        withExtendedLifetime(slice.file) {}
    }

    private func sendFromKernel(_ slice: FileSlice) async throws {
        let descriptor = slice.file.descriptor
        // NIO sends from a handle that owns its descriptor; ownership is taken back before the handle goes.
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        defer { _ = try? handle.takeDescriptorOwnership() }
        let packs = slice.length >= Self.maxRegion
        if packs { connection.onLoop { $0.packSegments(true) } }
        defer { if packs { connection.onLoop { $0.packSegments(false) } } }
        var rest = RestOfFile(slice)
        while !rest.isEmpty {
            let piece = rest.next(atMost: Self.maxRegion)
            // sendfile(2) at the end of a file sends nothing and says nothing.
            guard FileSize.of(descriptor) >= piece.offset + piece.length else { throw BodyWriteError.fileTooShort }
            let waited = try await withCheckedThrowingContinuation { continuation in
                connection.onLoop {
                    $0.sendFile(
                        handle, offset: piece.offset, length: Int(piece.length), serial: serial, continuation)
                }
            }
            await letOthersPass(&rest, waited: waited)
        }
    }

    /// Large pieces while the client keeps up, small ones for slow clients, which then hold little memory.
    private func copy(_ slice: FileSlice) async throws {
        var rest = RestOfFile(slice)
        var size = Self.maxCopy
        while !rest.isEmpty {
            let piece = rest.next(atMost: size)
            let waited = try await withCheckedThrowingContinuation { continuation in
                connection.onLoop { $0.copyFile(piece, serial: serial, continuation) }
            }
            size = waited ? Self.minCopy : min(size * 2, Self.maxCopy)
            await letOthersPass(&rest, waited: waited)
        }
    }

    /// A client that takes everything at once would have its event loop to itself: others get their turn after each
    /// region's worth.
    private func letOthersPass(_ rest: inout RestOfFile, waited: Bool) async {
        if waited { rest.sentAtOnce = 0 }
        guard rest.sentAtOnce >= Self.maxRegion, !rest.isEmpty else { return }
        rest.sentAtOnce = 0
        await withCheckedContinuation { continuation in connection.onLoop { $0.loop.turn.awaitNext(continuation) } }
    }
}

/// What of a file is still to be sent.
private struct RestOfFile {
    private let slice: FileSlice
    private var sent: Int64 = 0
    /// Bytes that the kernel took without a pause.
    var sentAtOnce: Int64 = 0

    init(_ slice: FileSlice) { self.slice = slice }

    var isEmpty: Bool { sent == slice.length }

    mutating func next(atMost size: Int64) -> FileSlice {
        let piece = FileSlice(file: slice.file, offset: slice.offset + sent, length: min(slice.length - sent, size))
        sent += piece.length
        sentAtOnce += piece.length
        return piece
    }
}
