internal import Coordination
internal import Hashing
internal import Metrics
internal import NIOCore
internal import OCI
internal import Storage
internal import Threads

/// Upload sessions: content that clients push piece by piece, until its digest is right and it becomes a blob.
///
/// The store holds a session, the client names it, and no request owns it: a client may go on after a dropped
/// connection or a restart of the server. Where several requests write to one session, each piece goes in whole or not at all, and
/// a writer that was overtaken is told where the end is now.
public final class Uploads: Sendable {
    typealias Key = OpenUploads.Key

    /// Content is hashed and written in steps of this many bytes.
    var step: Int { store.appendSize }
    /// A server killed in the middle of one long request hashes at most so many bytes again.
    static let checkpointDistance: Int64 = 256 << 20

    let store: RegistryStore
    let room: PushRoom
    let background: BackgroundWork
    let limits: Adjustable<PushLimits>
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    let open = OpenUploads()
    let locks: WriterOrder<Key>
    let metrics = UploadMetrics()
    let pushed = PushedBlobs()
    /// Bytes that are as soon read and hashed again as a checkpoint of them is.
    let soonHashed: Int64
    private let pool: ThreadPool

    init(
        store: RegistryStore, room: PushRoom = PushRoom(), background: BackgroundWork, pool: ThreadPool,
        limits: Adjustable<PushLimits>, locks: WriterOrder<Key>, soonHashed: Int64 = 1 << 20,
        now: @escaping @Sendable () -> Int64
    ) {
        self.soonHashed = soonHashed
        self.store = store
        self.room = room
        self.background = background
        self.pool = pool
        self.limits = limits
        self.locks = locks
        self.now = now
    }

    /// - Parameter algorithm: With which the content will be named; another one later costs reading it once more.
    func begin(_ key: Key, _ algorithm: Digest.Algorithm) async throws(RegistryError) -> UploadStatus {
        let checkpoint = algorithm == .sha256 ? nil : DigestHasher(algorithm).checkpoint()
        try await room.making(0) { () async throws(RegistryError) in
            try await written { () async throws(StorageError) in
                try await store.beginUpload(key.id, in: key.repository, at: now(), checkpoint: checkpoint)
            }
        }
        metrics.begun.increment()
        return UploadStatus(id: key.id, size: 0)
    }

    func status(_ key: Key) async throws(RegistryError) -> UploadStatus {
        UploadStatus(id: key.id, size: try await stored(key).size)
    }

    func stored(_ key: Key) async throws(RegistryError) -> StoredUpload {
        let stored = try await written { () async throws(StorageError) in
            try await store.upload(key.id, in: key.repository)
        }
        guard let stored else { throw .unknownUpload(key.id) }
        return stored
    }

    func cancel(_ key: Key) async throws(RegistryError) {
        try await background.carryOut { () async throws(RegistryError) in
            try await self.locks.withLock(key) { () async throws(RegistryError) in
                _ = try await self.status(key)
                self.open.set(nil, key)
                try await self.written { () async throws(StorageError) in
                    try await self.store.removeUpload(key.id, in: key.repository)
                }
                self.metrics.cancelled.increment()
            }
        }
    }

    /// Hashes large pieces where blocking a thread harms nobody.
    func hash(_ bytes: ByteBuffer, _ hasher: DigestHasher) async throws(RegistryError) -> DigestHasher {
        var hasher = hasher
        guard bytes.readableBytes > 32 << 10 else {
            hasher.update(bytes)
            return hasher
        }
        return try await inPool { [hasher] in
            var hasher = hasher
            hasher.update(bytes)
            return hasher
        }
    }

    func inPool<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(RegistryError) -> Value {
        do {
            return try await pool.run(work)
        } catch {
            throw .interrupted
        }
    }

    func written<Value>(
        _ ask: () async throws(StorageError) -> Value
    ) async throws(RegistryError) -> Value {
        do throws(StorageError) {
            return try await ask()
        } catch {
            throw RegistryError(writing: error)
        }
    }
}
