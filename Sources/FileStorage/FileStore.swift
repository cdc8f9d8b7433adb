#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
public import NIOCore
public import Storage
public import Threads

/// Objects as files below a root directory.
///
/// Reading a small object, opening and asking for its size are done in place: with a warm page cache they cost less
/// than the way to another thread. Whatever writes, syncs or lists goes to the thread pool.
public struct FileStore: BackingStore {
    private let root: String
    private let settled = SettledFolders()
    private let folders = FolderNames()
    private let pool: ThreadPool

    /// - Parameters:
    ///   - root: An existing directory; use ``prepare(root:)`` to make one.
    public init(root: String, pool: ThreadPool) {
        self.root = root
        self.pool = pool
    }

    func path(_ key: ObjectKey) -> String { root + "/" + key.path }

    public func info(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo? {
        var status = stat()
        guard stat(path(key), &status) == 0 else {
            if isAbsent { return nil }
            throw StorageError(errno: errno, "stat", key)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        return ObjectInfo(status)
    }

    public func sighting(_ key: ObjectKey) -> (any ObjectSighting)? {
        guard let (file, _) = try? open(key) else { return nil }
        return FileSighting(file)
    }

    public func read(_ key: ObjectKey, limit: Int) async throws(StorageError) -> (bytes: ByteBuffer, info: ObjectInfo)?
    {
        guard let (file, info) = try open(key) else { return nil }
        guard info.size <= limit else {
            throw StorageError(.tooLarge, "the object has \(info.size) bytes, more than the \(limit) allowed", key: key)
        }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(Int(info.size))
        while bytes.readableBytes < Int(info.size) {
            let offset = bytes.readableBytes
            let count = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(info.size) - offset) { buffer in
                max(0, retrying { pread(file.descriptor, buffer.baseAddress, Int(info.size) - offset, off_t(offset)) })
            }
            guard count > 0 else { throw StorageError(errno: errno, "pread", key) }
        }
        return (bytes, info)
    }

    public func content(_ key: ObjectKey) async throws(StorageError) -> ObjectContent? {
        try open(key).map { .file($0.file, size: $0.info.size) }
    }

    public func write(_ key: ObjectKey, _ bytes: ByteBuffer, _ durability: Durability) async throws(StorageError) {
        try await inPool { () throws(StorageError) in
            try AtomicFile.write(bytes, to: path(key), key, root: root, settled, durability)
        }
    }

    /// Where there is none yet one wins, whoever else has the folder. What takes the place of another is for who orders his
    /// calls.
    public func write(
        _ key: ObjectKey, _ bytes: ByteBuffer, over old: ByteBuffer?, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        guard old == nil else { return try await compareAndWrite(key, bytes, over: old, durability) }
        let isNew = try await inPool { () throws(StorageError) in
            try AtomicFile.write(new: bytes, to: path(key), key, root: root, settled, durability)
        }
        return if isNew { true } else { try await holds(key, bytes) }
    }

    public func carryOut(_ changes: [ObjectChange], _ durability: Durability) async throws(StorageError) {
        try await inPool { () throws(StorageError) in
            try StagedFiles(root: root, settled: settled).carryOut(
                changes.map { change in
                    switch change {
                    case .write(let key, let bytes): StagedFiles.Step(key: key, path: path(key), source: .bytes(bytes))
                    case .place(let source, let known, at: let key):
                        StagedFiles.Step(
                            key: key, path: path(key), source: .file(path(source), source, size: known.size))
                    }
                }, durability)
        }
    }

    public func adopt(file: String, as key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        try await inPool { () throws(StorageError) in
            try AtomicFile.move(file, to: path(key), key, root: root, settled, durability)
        }
    }

    public func append(
        _ key: ObjectKey, _ bytes: ByteBuffer, to known: GrownObject
    ) async throws(StorageError) -> GrownObject {
        let offset = known.size
        return try await inPool { () throws(StorageError) in
            if offset == 0 { try Directory.make(AtomicFile.parent(of: path(key)), below: root, key, settled) }
            try AtomicFile.extend(path(key), with: bytes, at: offset, key)
            return Growth.appended.beginning(offset + Int64(bytes.readableBytes))
        }
    }

    public func move(_ source: ObjectKey, to key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        try await inPool { () throws(StorageError) in
            try AtomicFile.move(
                path(source), to: path(key), key, root: root, settled, durability, keepingSource: true)
        }
    }

    public func settle(_ key: ObjectKey) async throws(StorageError) -> Bool {
        try await inPool { () throws(StorageError) in
            try AtomicFile.settle(path(key), key, root: root, settled)
        }
    }

    public func list(_ prefix: ObjectKey, after: String?, limit: Int) async throws(StorageError) -> [String] {
        try await names(FolderNames.Key(path: path(prefix), child: nil), prefix, after, limit)
    }

    public func list(
        _ prefix: ObjectKey, holding child: String, after: String?, limit: Int
    ) async throws(StorageError) -> [String] {
        try await names(FolderNames.Key(path: path(prefix), child: child), prefix, after, limit)
    }

    /// On the spot where that costs no more than opening a few files.
    private func names(
        _ key: FolderNames.Key, _ prefix: ObjectKey, _ after: String?, _ limit: Int
    ) async throws(StorageError) -> [String] {
        var names = folders.known(key)
        if names == nil { names = try FolderNames.few(key, prefix) }
        if names == nil { names = try await inPool { () throws(StorageError) in try folders.read(key, prefix) } }
        guard let names else { return [] }
        guard let after else { return Array(names.prefix(limit)) }
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if after.utf8.lexicographicallyPrecedes(names[middle].utf8) { high = middle } else { low = middle + 1 }
        }
        return Array(names[low...].prefix(limit))
    }

    public func look(
        at folder: ObjectKey, for child: String?, unless version: FolderVersion?
    ) async throws(StorageError) -> FolderLook? {
        try FolderNames.look(FolderNames.Key(path: path(folder), child: child), folder, unless: version)
    }

    public func prune(_ folder: ObjectKey) async throws(StorageError) {
        try await inPool { () throws(StorageError) in
            try Directory.prune(path(folder), folder, settled)
        }
    }

    public func delete(_ key: ObjectKey) async throws(StorageError) {
        try await inPool { () throws(StorageError) in
            try Directory.remove(path(key), key, settled)
        }
    }

    public func delete(_ keys: [ObjectKey]) async throws(StorageError) {
        try await inPool { () throws(StorageError) in
            for key in keys { try Directory.remove(path(key), key, settled) }
        }
    }

    private func open(_ key: ObjectKey) throws(StorageError) -> (file: OpenFile, info: ObjectInfo)? {
        let descriptor = retrying { openat(AT_FDCWD, path(key), O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            if isAbsent { return nil }
            throw StorageError(errno: errno, "open", key)
        }
        let file = OpenFile(owning: descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StorageError(errno: errno, "fstat", key) }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        return (file, ObjectInfo(status))
    }

    private func inPool<Value: Sendable>(
        _ work: @Sendable @escaping () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await pool.run(work)
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.io, "the server is shutting down", cause: error)
        }
    }
}

extension ObjectInfo {
    init(_ status: stat) {
        #if canImport(Darwin)
            let modified = status.st_mtimespec.tv_sec
        #else
            let modified = status.st_mtim.tv_sec
        #endif
        self.init(size: Int64(status.st_size), modified: Int64(modified))
    }
}
