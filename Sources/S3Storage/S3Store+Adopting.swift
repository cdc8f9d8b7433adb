#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import Coordination
internal import NIOCore
public import Storage
internal import Threads

extension S3Store {
    /// How many parts of one file are under way, and in memory, at a time.
    private static let filePartsAtOnce = 2
    /// How many files that are not small are under way at a time.
    private static let filesAtOnce = 8
    /// Bytes.
    private static let smallFile: Int64 = 1 << 20

    public func adopt(file path: String, as key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StorageError(.io, "open \(path): \(String(cString: strerror(errno)))", key: key)
        }
        let file = OpenFile(owning: descriptor)
        let size = Int64(lseek(descriptor, 0, SEEK_END))
        do throws(StorageError) {
            try await asked(key) { () async throws(S3Error) in
                guard size > Self.smallFile else { return try await upload(file, size, to: name(key)) }
                // What many files hold in memory at a time has a bound as well.
                try await lanes.withLock(abs(key.hashValue % Self.filesAtOnce)) { () async throws(S3Error) in
                    try await upload(file, size, to: name(key))
                }
            }
        } catch {
            unlink(path)
            throw error
        }
        unlink(path)
    }

    private func upload(_ file: OpenFile, _ size: Int64, to key: String) async throws(S3Error) {
        guard size > Int64(client.settings.partSize) else {
            _ = try await client.put(key, try await read(file, 0..<size))
            return
        }
        let least = (size + Int64(S3Settings.mostParts) - 1) / Int64(S3Settings.mostParts)
        let step = max(Int64(client.settings.partSize), least)
        let ranges = stride(from: 0, to: size, by: Int64.Stride(step)).map { $0..<min($0 + step, size) }
        let upload = try await client.createUpload(key)
        do throws(S3Error) {
            let parts = try await inParallel(ranges.count, jobs: Self.filePartsAtOnce) { index async throws(S3Error) in
                try await client.uploadPart(key, upload, index + 1, try await read(file, ranges[index]))
            }
            try await client.completeUpload(key, upload, parts, size: size)
        } catch {
            try? await client.abortUpload(key, upload)
            throw error
        }
    }

    private func read(_ file: OpenFile, _ range: Range<Int64>) async throws(S3Error) -> ByteBuffer {
        if range.isEmpty { return ByteBuffer() }
        let bytes = try? await pool.run { file.bytes(at: range.lowerBound, count: range.count) }
        guard let bytes = bytes ?? nil else { throw S3Error(.refused, "the local file cannot be read") }
        return bytes
    }
}
