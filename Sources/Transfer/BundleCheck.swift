public import Bundle
internal import NIOCore
internal import OCI
public import Threads

/// Proves that a bundle is whole: reads it to its end, and looks whether its images have all that they need.
public struct BundleCheck: Sendable {
    private let pool: ThreadPool

    public init(pool: ThreadPool = .shared) {
        self.pool = pool
    }

    /// - Parameter progress: Told how many bytes were read since it was told last.
    /// - Throws: ``BundleError`` for the first thing that is wrong.
    public func run(_ reader: BundleReader, progress: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        let check = try CatalogueCheck(reader.catalogue)
        while let content = try await pool.run({ try reader.next() }) {
            var whole: ByteBuffer? = check.isManifest(content.digest) ? ByteBuffer() : nil
            while let piece = try await pool.run({ try reader.read(upTo: 1 << 20) }) {
                whole?.writeImmutableBuffer(piece)
                progress(piece.readableBytes)
            }
            if let whole { try check.check(content.digest, whole) }
        }
    }
}
