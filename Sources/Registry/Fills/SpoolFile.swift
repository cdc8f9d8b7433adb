#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import NIOCore
internal import Storage

/// A file that grows at its end, while others read what is there.
struct SpoolFile: Sendable {
    let path: String
    let file: OpenFile

    /// Writes all of `bytes` at `offset`. Blocks: for threads that may.
    func write(_ bytes: ByteBuffer, at offset: Int64) throws(StorageError) {
        var rest = bytes
        var offset = offset
        while rest.readableBytes > 0 {
            let count = rest.readWithUnsafeReadableBytes { buffer in
                let length = min(buffer.count, OpenFile.writeSize)
                return max(0, pwrite(file.descriptor, buffer.baseAddress, length, off_t(offset)))
            }
            if count == 0 {
                if errno == EINTR { continue }
                throw Spool.failure("pwrite", path)
            }
            offset += Int64(count)
        }
    }

    /// Whether these bytes stand at `offset`.
    func holds(_ bytes: ByteBuffer, at offset: Int64) -> Bool {
        file.bytes(at: offset, count: bytes.readableBytes) == bytes
    }

    func remove() {
        unlink(path)
    }
}
