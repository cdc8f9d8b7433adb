#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif
internal import Hashing
internal import NIOConcurrencyHelpers
package import NIOCore
package import OCI

/// A content on its way into a store, hashed as it grows. Its file is gone with it.
package final class CopiedFile: Sendable {
    package let path: String
    private let file: OpenFile
    private let folder: ProcessFolder
    private let hash: NIOLockedValueBox<DigestHasher>

    package init(in folder: ProcessFolder, _ algorithm: Digest.Algorithm) throws(StorageError) {
        (path, file) = try folder.makeFile("copy")
        self.folder = folder
        hash = NIOLockedValueBox(DigestHasher(algorithm))
    }

    deinit { unlink(path) }

    /// Blocks: for threads that may.
    package func append(_ bytes: ByteBuffer) throws(StorageError) {
        guard file.write(bytes, at: hash.withLockedValue { $0.count }) else {
            throw StorageError(local: "write", path)
        }
        hash.withLockedValue { $0.update(bytes) }
    }

    /// Of what was appended.
    package var digest: Digest { hash.withLockedValue { $0.digest() } }
}
