package import NIOCore

extension ObjectContent {
    /// Hands over all of it, in pieces of a mebibyte at most. Reads files on the caller's thread.
    package func forEachPiece(_ take: (ByteBuffer) async throws -> Void) async throws {
        switch self {
        case .bytes(let bytes): try await take(bytes)
        case .file(let file, let size):
            var position: Int64 = 0
            while position < size {
                try Task.checkCancellation()
                guard let piece = file.bytes(at: position, count: Int(min(size - position, 1 << 20))) else {
                    throw StorageError(.io, "the file ends before its size")
                }
                try await take(piece)
                position += Int64(piece.readableBytes)
            }
        case .remote(let object):
            let body = object.body(0..<object.size)
            while let piece = try await body.next() { try await take(piece) }
        }
    }
}
