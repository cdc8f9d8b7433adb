public import Bundle
internal import Hashing
internal import NIOCore
internal import OCI
public import Storage
public import Threads

/// Carries what a plan says from a store into a bundle, hashing it on the way.
public struct BundleExport: Sendable {
    private let store: RegistryStore
    private let pool: ThreadPool

    public init(_ store: RegistryStore, pool: ThreadPool = .shared) {
        self.store = store
        self.pool = pool
    }

    /// - Parameter progress: Told how many bytes were written since it was told last.
    /// - Throws: Also where the store holds other bytes than a digest says; there is no bundle then, nor a part of one.
    public func run(
        _ catalogue: Catalogue, into writer: BundleWriter, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        do {
            try await write(catalogue, writer, progress)
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func write(
        _ catalogue: Catalogue, _ writer: BundleWriter, _ progress: @escaping @Sendable (Int) -> Void
    ) async throws {
        for content in catalogue.contents {
            let found = try await store.blob(content.digest)
            guard let held = found ?? Self.known(content.digest), held.size == content.size else {
                throw Self.gone(content.digest)
            }
            let (digest, size) = (content.digest, content.size)
            try await pool.run { try writer.begin(content) }
            var hasher = DigestHasher(digest.algorithm)
            var position: Int64 = 0
            if case .file(let file, _) = held {
                // Read, hashed and written by one thread, which may wait for the disk.
                while position < size {
                    let (start, running) = (position, hasher)
                    let (next, count) = try await pool.run {
                        guard let piece = file.bytes(at: start, count: Int(min(size - start, 1 << 20))) else {
                            throw Self.gone(digest)
                        }
                        var next = running
                        next.update(piece)
                        let isLast = start + Int64(piece.readableBytes) == size
                        if isLast, next.digest() != digest { throw Self.damaged(digest) }
                        try writer.write(piece)
                        return (next, piece.readableBytes)
                    }
                    hasher = next
                    position += Int64(count)
                    progress(count)
                }
            } else {
                try await held.forEachPiece { piece in
                    hasher.update(piece)
                    position += Int64(piece.readableBytes)
                    if position == size, hasher.digest() != digest { throw Self.damaged(digest) }
                    try await pool.run { try writer.write(piece) }
                    progress(piece.readableBytes)
                }
            }
        }
        try await pool.run { try writer.finish() }
    }

    private static func known(_ digest: Digest) -> ObjectContent? {
        digest == Digest(hashing: ByteBuffer(string: "{}")) ? .bytes(ByteBuffer(string: "{}")) : nil
    }

    private static func gone(_ digest: Digest) -> BundleError {
        BundleError(
            .io, "\(digest) was removed from the store while the bundle was made", remedy: "export again")
    }

    private static func damaged(_ digest: Digest) -> BundleError {
        BundleError(
            .damaged, "the store holds other bytes than \(digest) says", remedy: "run entrepot scrub, then export again"
        )
    }
}
