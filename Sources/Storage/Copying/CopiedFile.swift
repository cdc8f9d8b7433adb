#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI

/// A content on its way between two stores, hashed as it grows. Its file is gone with it.
final class CopiedFile: Sendable {
    let path: String
    private let file: OpenFile
    private let hash: NIOLockedValueBox<ContentHash>

    init(folder: String, number: Int, _ digest: Digest) throws(StorageError) {
        path = "\(folder)/copy-\(getpid())-\(number)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StorageError(.io, "open \(path): \(String(cString: strerror(errno)))")
        }
        file = OpenFile(owning: descriptor)
        hash = NIOLockedValueBox(ContentHash(digest))
    }

    deinit { unlink(path) }

    func append(_ bytes: ByteBuffer) throws(StorageError) {
        guard file.write(bytes, at: hash.withLockedValue { $0.count }) else {
            throw StorageError(
                errno == ENOSPC ? .noSpace : .io,
                "write \(path): \(String(cString: strerror(errno))); a content goes through a local file")
        }
        hash.withLockedValue { $0.update(bytes) }
    }

    /// - Throws: if the bytes are not those of the digest.
    func check(_ key: ObjectKey) throws(StorageError) {
        guard hash.withLockedValue({ $0.isRight }) else {
            throw StorageError(
                .corrupt, "the source holds other bytes than the digest says; run entrepot scrub on it", key: key)
        }
    }
}
