internal import Coordination
internal import Hashing
public import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
public import NIOCore
public import OCI
public import Storage
public import Threads

/// A bounded folder on local disk in front of a store that is far away: what is read there once is served from here.
///
/// Holds contents by their digests alone, which never change, and only after they were hashed here. Whatever decides over
/// them (links, tags, whether they are there) is asked of the store behind. Nobody who reads gets an error of this folder:
/// where it fails or is full, the store behind serves. Wrong where the store behind is a local folder itself.
public final class LocalTier: ObjectStore {
    struct State {
        var index: TierIndex
        var fills: [Digest: TierFill] = [:]
        var checks: [Digest: Watched<Bool?>] = [:]
        /// Seconds since 1970: until then nothing is taken in, since something could not be written.
        var pausedUntil: Int64 = 0
    }

    /// Seconds after which bytes are hashed once more before they are served: disks forget.
    static let checkLife: Int64 = 7 * 86_400
    /// Bytes up to which a reader waits while they are hashed. Larger ones come from the store behind meanwhile.
    static let longestWait: Int64 = 1 << 30
    /// Seconds for which nothing is taken in after a write has failed.
    static let pause: Int64 = 30
    /// Objects on their way in at a time; who wants one more reads past.
    static let mostFills = 32
    /// Bytes ahead of a fill beyond which a range is not waited for.
    static let farDistance: Int64 = 8 << 20
    /// Smaller content is not kept in files. The store behind gives it at once.
    static let least: Int64 = 64 << 10

    public let origin: any ObjectStore
    let folder: TierFolder
    let memory: TierMemory
    let pool: ThreadPool
    let state: NIOLockedValueBox<State>
    let metrics = TierMetrics()
    let logger: Logger
    let start: @Sendable (@escaping @Sendable () async -> Void) -> Bool
    let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - directory: Made where it is missing; one process has it.
    ///   - capacity: Bytes of the files.
    ///   - memory: Bytes of small content in memory.
    ///   - start: Runs work that belongs to no reader; false if it does not.
    ///   - now: Seconds since 1970.
    /// - Throws: `StorageError` if the directory cannot be used.
    public init(
        of origin: any ObjectStore, directory: String, capacity: Int64, memory: Int, pool: ThreadPool,
        logger: Logger, start: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Bool,
        now: @escaping @Sendable () -> Int64
    ) throws(StorageError) {
        self.origin = origin
        self.pool = pool
        self.logger = logger
        self.start = start
        self.now = now
        self.memory = TierMemory(capacity: memory)
        folder = try TierFolder(directory)
        var index = TierIndex(capacity: capacity)
        for file in folder.found() { index.insert(file.digest, size: file.size, checked: 0, used: file.used) }
        // It may have been allowed more when it last ran.
        for (digest, entry) in index.evict(index.held - capacity) { folder.remove(digest, size: entry.size) }
        state = NIOLockedValueBox(State(index: index))
        metrics.record(index)
    }

    // MARK: Reading

    public func content(_ key: ObjectKey) async throws(StorageError) -> ObjectContent? {
        try await content(key) { () async throws(StorageError) in try await origin.content(key) }
    }

    public func content(_ key: ObjectKey, reading part: ByteRange?) async throws(StorageError) -> ObjectContent? {
        try await content(key) { () async throws(StorageError) in try await origin.content(key, reading: part) }
    }

    private func content(
        _ key: ObjectKey, behind: () async throws(StorageError) -> ObjectContent?
    ) async throws(StorageError) -> ObjectContent? {
        guard let digest = RegistryLayout.digest(of: key) else { return try await behind() }
        if let entry = memory[digest] { return .bytes(entry.bytes) }
        if let (file, size) = await held(digest) {
            metrics.hits.increment()
            return .file(file, size: size)
        }
        if let fill = state.withLockedValue({ $0.fills[digest] }) { return .remote(followed(fill.object, digest)) }
        let content = try await behind()
        switch content {
        case .bytes(let bytes)?:
            remember(bytes, nil, digest)
            return content
        case .remote(let object)? where object.size > Self.least: return .remote(followed(object, digest))
        default: return content
        }
    }

    public func read(_ key: ObjectKey, limit: Int) async throws(StorageError) -> (bytes: ByteBuffer, info: ObjectInfo)?
    {
        guard let digest = RegistryLayout.digest(of: key) else { return try await origin.read(key, limit: limit) }
        if let entry = memory[digest], let info = entry.info, entry.bytes.readableBytes <= limit {
            return (entry.bytes, info)
        }
        guard let (bytes, info) = try await origin.read(key, limit: limit) else { return nil }
        remember(bytes, info, digest)
        return (bytes, info)
    }

    private func remember(_ bytes: ByteBuffer, _ info: ObjectInfo?, _ digest: Digest) {
        guard bytes.readableBytes <= Self.least, Digest(hashing: bytes, with: digest.algorithm) == digest else {
            return
        }
        memory.insert(TierMemory.Entry(bytes: bytes, info: info), digest)
    }

    /// The file of a content, of which is known that it is right.
    private func held(_ digest: Digest) async -> (OpenFile, Int64)? {
        let time = now()
        guard let entry = state.withLockedValue({ $0.index.use(digest, at: time) }) else { return nil }
        if time - entry.checked > Self.checkLife {
            guard await isRight(digest, entry.size) else { return nil }
        }
        guard let file = folder.file(digest, size: entry.size) else {
            drop(digest, "its file is gone or has another size")
            return nil
        }
        if time - entry.used > 3600 { folder.touch(file) }
        return (file, entry.size)
    }

    /// Where the object goes to readers and, where there is room, into a file.
    private func followed(_ object: RemoteObject, _ digest: Digest) -> RemoteObject {
        RemoteObject(size: object.size, entity: object.entity) { (lifetime) async throws(StorageError) in
            try await object.address(lifetime: lifetime)
        } open: { [self] range in
            let body = TierBody(object, range, pool) { [self] in fill(of: object, range, digest) }
            return ObjectBody { () async throws(StorageError) in try await body.next() }
        }
    }

    // MARK: Writing

    /// A file that arrives is kept here as well, under another name, where that is possible.
    public func adopt(file path: String, as key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        guard let digest = RegistryLayout.digest(of: key), let size = folder.size(path), size > Self.least,
            let kept = folder.partial(linking: path)
        else { return try await origin.adopt(file: path, as: key, durability) }
        do throws(StorageError) { try await origin.adopt(file: path, as: key, durability) } catch {
            folder.remove(partial: kept)
            throw error
        }
        take(kept, digest, size)
    }

    private func take(_ partial: String, _ digest: Digest, _ size: Int64) {
        let time = now()
        var gone: [(Digest, TierIndex.Entry)] = []
        let isTaken = state.withLockedValue { state in
            guard state.index[digest] == nil, state.fills[digest] == nil, let evicted = state.index.reserve(size) else {
                return false
            }
            gone = evicted
            return true
        }
        remove(gone)
        guard isTaken else { return folder.remove(partial: partial) }
        let isKept = folder.keep(partial, digest, size: size)
        state.withLockedValue { state in
            state.index.release(size)
            if isKept { state.index.insert(digest, size: size, checked: time, used: time) }
            metrics.record(state.index)
        }
    }

    public func move(_ source: ObjectKey, to key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        if let digest = RegistryLayout.digest(of: source) { forget(digest) }
        try await origin.move(source, to: key, durability)
    }

    public func delete(_ key: ObjectKey) async throws(StorageError) {
        if let digest = RegistryLayout.digest(of: key) { forget(digest) }
        try await origin.delete(key)
    }

    public func delete(_ keys: [ObjectKey]) async throws(StorageError) {
        for digest in keys.compactMap(RegistryLayout.digest(of:)) { forget(digest) }
        try await origin.delete(keys)
    }
}
