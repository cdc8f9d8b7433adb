internal import Bundle
internal import NIOCore
internal import OCI
internal import Storage
internal import Threads

/// Takes contents into a store, where nothing refers to them yet: nobody sees them.
struct ContentIntake: Sendable {
    let store: RegistryStore
    /// On the store's file system, where that is one.
    let folder: ProcessFolder
    let pool: ThreadPool

    /// Bytes that tell how something is compressed.
    static let headSize = 8

    /// Whether the store has it already.
    func holds(_ digest: Digest, size: Int64) async throws -> Bool {
        try await store.blobInfo(digest)?.size == size
    }

    /// - Parameters:
    ///   - digest: What it has to be; nil if nobody said.
    ///   - read: The next bytes; nil at the end. Blocks.
    /// - Returns: What it is, and its first bytes.
    func take(
        _ digest: Digest?, from read: @escaping @Sendable () throws -> ByteBuffer?, progress: @Sendable (Int) -> Void
    ) async throws -> (digest: Digest, head: ByteBuffer) {
        let file = try CopiedFile(in: folder, digest?.algorithm ?? .sha256)
        var head = ByteBuffer()
        while let piece = try await pool.run({ () throws -> ByteBuffer? in
            guard let piece = try read() else { return nil }
            try file.append(piece)
            return piece
        }) {
            if head.readableBytes == 0 {
                head = piece.getSlice(at: piece.readerIndex, length: min(Self.headSize, piece.readableBytes)) ?? head
            }
            progress(piece.readableBytes)
        }
        let actual = try await pool.run { file.digest }
        guard digest == nil || actual == digest else {
            throw BundleError(
                .damaged, "the bytes of \(actual) stand where \(digest.map { "\($0)" } ?? "") should",
                remedy: "copy the archive again from where it was made")
        }
        // Made durable by who comes to rely on it.
        try await store.adoptBlob(file: file.path, actual, .cached)
        return (actual, head)
    }
}
