internal import Coordination
internal import Hashing
public import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
public import NIOCore
public import NIOPosix
internal import OCI
public import Storage

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
    private static let checkLife: Int64 = 7 * 86_400
    /// Bytes up to which a reader waits while they are hashed. Larger ones come from the store behind meanwhile.
    private static let longestWait: Int64 = 1 << 30
    /// Seconds for which nothing is taken in after a write has failed.
    private static let pause: Int64 = 30
    /// Objects on their way in at a time; who wants one more reads past.
    private static let mostFills = 32
    /// Bytes ahead of a fill beyond which a range is not waited for.
    private static let farDistance: Int64 = 8 << 20
    /// Smaller content is not kept in files. The store behind gives it at once.
    private static let least: Int64 = 64 << 10

    public let origin: any ObjectStore
    let folder: TierFolder
    let memory: TierMemory
    let pool: NIOThreadPool
    let state: NIOLockedValueBox<State>
    let metrics = TierMetrics()
    let logger: Logger
    private let start: @Sendable (@escaping @Sendable () async -> Void) -> Bool
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - directory: Made where it is missing; one process has it.
    ///   - capacity: Bytes of the files.
    ///   - memory: Bytes of small content in memory.
    ///   - start: Runs work that belongs to no reader; false if it does not.
    ///   - now: Seconds since 1970.
    /// - Throws: `StorageError` if the directory cannot be used.
    public init(
        of origin: any ObjectStore, directory: String, capacity: Int64, memory: Int, pool: NIOThreadPool,
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
        guard let digest = RegistryLayout.digest(of: key) else { return try await origin.content(key) }
        if let entry = memory[digest] { return .bytes(entry.bytes) }
        if let (file, size) = await held(digest) {
            metrics.hits.increment()
            return .file(file, size: size)
        }
        if let fill = state.withLockedValue({ $0.fills[digest] }) { return .remote(followed(fill.object, digest)) }
        let content = try await origin.content(key)
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
        RemoteObject(size: object.size) { (lifetime) async throws(StorageError) in
            try await object.address(lifetime: lifetime)
        } open: { [self] range in
            let body = TierBody(object, range, pool) { [self] in fill(of: object, range, digest) }
            return ObjectBody { () async throws(StorageError) in try await body.next() }
        }
    }

    // MARK: Filling

    /// The fill that a reader of `range` follows; nil where it reads past.
    private func fill(of object: RemoteObject, _ range: Range<Int64>, _ digest: Digest) -> TierFill? {
        if let running = state.withLockedValue({ $0.fills[digest] }) {
            let isNear = range.lowerBound - running.progress.value.released <= Self.farDistance
            (isNear ? metrics.followed : metrics.past).increment()
            return isNear ? running : nil
        }
        // Who wants a part may never want the rest.
        guard range == 0..<object.size, let fill = begin(object, digest) else {
            metrics.past.increment()
            return nil
        }
        metrics.fills.increment()
        return fill
    }

    private func begin(_ object: RemoteObject, _ digest: Digest) -> TierFill? {
        let time = now()
        let lacking = object.size - folder.room()
        var gone: [(Digest, TierIndex.Entry)] = []
        let isReserved = state.withLockedValue { state in
            guard time >= state.pausedUntil, state.fills.count < Self.mostFills, state.fills[digest] == nil,
                state.index[digest] == nil, let evicted = state.index.reserve(object.size)
            else { return false }
            gone = evicted
            // Others may have filled the disk.
            gone += state.index.evict(lacking - gone.reduce(0) { $0 + $1.1.size })
            return true
        }
        remove(gone)
        guard isReserved else { return nil }
        guard object.size <= folder.room(), let (path, file) = folder.makePartial() else {
            state.withLockedValue { state in
                state.index.release(object.size)
                state.pausedUntil = time + Self.pause
            }
            return nil
        }
        let fill = TierFill(digest, object, path: path, file: file)
        let other = state.withLockedValue { state in
            defer { if state.fills[digest] == nil { state.fills[digest] = fill } }
            return state.fills[digest]
        }
        if other == nil, start({ [self] in await run(fill) }) { return fill }
        folder.remove(partial: path)
        state.withLockedValue { state in
            state.index.release(object.size)
            if other == nil { state.fills[digest] = nil }
        }
        if other == nil { fill.end(.left) }
        return other
    }

    private func run(_ fill: TierFill) async {
        var phase = await fill.fetch(pool)
        let size = fill.object.size
        if case .verified = phase, !folder.keep(fill.path, fill.digest, size: size) { phase = .left }
        let time = now()
        state.withLockedValue { state in
            state.index.release(size)
            state.fills[fill.digest] = nil
            switch phase {
            case .verified: state.index.insert(fill.digest, size: size, checked: time, used: time)
            case .left: state.pausedUntil = time + Self.pause
            default: break
            }
            metrics.record(state.index)
        }
        switch phase {
        case .verified: break
        case .wrong:
            folder.remove(partial: fill.path)
            logger.error(
                "the store holds other bytes than the digest says",
                metadata: ["digest": "\(fill.digest)", "remedy": "run entrepot scrub"])
        default:
            folder.remove(partial: fill.path)
            logger.notice(
                "a blob was not kept on local disk: it could not be read or written to its end",
                metadata: ["digest": "\(fill.digest)"])
        }
        fill.end(phase)
    }

    /// Makes room on the disk for others, at the cost of what is here; whether that made some.
    ///
    /// - Parameter other: A file or folder that is to grow.
    public func makeRoom(for bytes: Int64, at other: String) async -> Bool {
        guard folder.shares(diskOf: other), folder.room() < max(bytes, 1) else { return false }
        let gone = state.withLockedValue { state in
            defer { metrics.record(state.index) }
            return state.index.evict(max(bytes, 1))
        }
        remove(gone)
        return !gone.isEmpty
    }

    private func remove(_ gone: [(Digest, TierIndex.Entry)]) {
        for (digest, entry) in gone { folder.remove(digest, size: entry.size) }
        metrics.evictions.increment(by: Int64(gone.count))
    }

    // MARK: Checking

    /// Hashes a file that was kept by an earlier process, or long ago. One does it for all who ask.
    private func isRight(_ digest: Digest, _ size: Int64) async -> Bool {
        let (check, isNew) = state.withLockedValue { state in
            if let check = state.checks[digest] { return (check, false) }
            let check = Watched<Bool?>(nil)
            state.checks[digest] = check
            return (check, true)
        }
        if isNew, !start({ [self] in await hash(digest, size, check) }) {
            state.withLockedValue { $0.checks[digest] = nil }
            check.update { $0 = false }
        }
        guard size <= Self.longestWait else { return false }
        while true {
            if let isRight = check.value { return isRight }
            if Task.isCancelled { return false }
            await check.change { $0 != nil }
        }
    }

    private func hash(_ digest: Digest, _ size: Int64, _ check: Watched<Bool?>) async {
        let isRight = await isRight(folder.file(digest, size: size), digest, size)
        if isRight {
            let time = now()
            state.withLockedValue { $0.index.check(digest, at: time) }
        } else {
            drop(digest, "its file does not hold its bytes")
        }
        state.withLockedValue { $0.checks[digest] = nil }
        check.update { $0 = isRight }
    }

    private func isRight(_ file: OpenFile?, _ digest: Digest, _ size: Int64) async -> Bool {
        guard let file else { return false }
        var hasher = DigestHasher(digest.algorithm)
        while hasher.count < size {
            let step = try? await pool.runIfActive { [hasher] () -> DigestHasher? in
                var hasher = hasher
                guard let bytes = file.bytes(at: hasher.count, count: Int(min(size - hasher.count, 1 << 20))) else {
                    return nil
                }
                hasher.update(bytes)
                return hasher
            }
            guard let next = step ?? nil else { return false }
            hasher = next
        }
        return hasher.digest() == digest
    }

    private func drop(_ digest: Digest, _ reason: String) {
        forget(digest)
        metrics.dropped.increment()
        logger.warning("a file on local disk was dropped", metadata: ["digest": "\(digest)", "reason": "\(reason)"])
    }

    private func forget(_ digest: Digest) {
        memory.remove(digest)
        let entry = state.withLockedValue { state in
            defer { metrics.record(state.index) }
            return state.index.remove(digest)
        }
        if let entry { folder.remove(digest, size: entry.size) }
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
}
