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
    private let hash: NIOLockedValueBox<DigestHasher>

    package init(folder: String, number: Int, _ algorithm: Digest.Algorithm) throws(StorageError) {
        path = "\(folder)/copy-\(getpid())-\(number)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StorageError(.io, "open \(path): \(String(cString: strerror(errno)))")
        }
        file = OpenFile(owning: descriptor)
        hash = NIOLockedValueBox(DigestHasher(algorithm))
    }

    deinit { unlink(path) }

    /// Blocks: for threads that may.
    package func append(_ bytes: ByteBuffer) throws(StorageError) {
        guard file.write(bytes, at: hash.withLockedValue { $0.count }) else {
            throw StorageError(
                errno == ENOSPC ? .noSpace : .io,
                "write \(path): \(String(cString: strerror(errno))); a content goes through a local file")
        }
        hash.withLockedValue { $0.update(bytes) }
    }

    /// Removes what processes that are gone have left.
    package static func sweep(_ folder: String) {
        for name in LocalFolder.names(folder) where name.hasPrefix("copy-") {
            let parts = name.split(separator: "-")
            guard parts.count == 3, let pid = pid_t(parts[1]), kill(pid, 0) != 0, errno == ESRCH else { continue }
            unlink("\(folder)/\(name)")
        }
    }

    /// Of what was appended.
    package var digest: Digest { hash.withLockedValue { $0.digest() } }
}
