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
    var capacity = Capacity()
    /// What it takes of the room of all.
    let share: SpoolRoom.Share

    /// Bytes beyond which the disk counts as full, or as one that may not be written to.
    struct Capacity {
        var bytes: Int64 = .max
        var isReadOnly = false
    }

    /// Writes all of `bytes` at `offset`. Blocks: for threads that may.
    func write(_ bytes: ByteBuffer, at offset: Int64) throws(StorageError) {
        guard offset + Int64(bytes.readableBytes) <= capacity.bytes else {
            errno = capacity.isReadOnly ? EROFS : ENOSPC
            throw StorageError(local: "pwrite", path)
        }
        guard share.take(Int64(bytes.readableBytes)), file.write(bytes, at: offset) else {
            throw StorageError(local: "pwrite", path)
        }
    }

    /// Whether a file that has grown to `size` leaves its disk a twentieth of its room. Looked at now and then only.
    func leavesRoom(at size: Int64) -> Bool {
        let step: Int64 = 64 << 20
        guard size / step != (size - Int64(OpenFile.writeSize)) / step else { return true }
        var status = statvfs()
        guard fstatvfs(file.descriptor, &status) == 0 else { return true }
        return status.f_bavail >= status.f_blocks / 20
    }

    /// Whether these bytes stand at `offset`.
    func holds(_ bytes: ByteBuffer, at offset: Int64) -> Bool {
        file.bytes(at: offset, count: bytes.readableBytes) == bytes
    }

    func remove() {
        unlink(path)
    }
}
