public import NIOCore
public import Storage

/// What the store behind does alone.
extension LocalTier {
    public var appendSize: Int { origin.appendSize }
    public var isRemote: Bool { origin.isRemote }
    public var clockDifference: Int64 { origin.clockDifference }

    public func info(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo? { try await origin.info(key) }

    public func sighting(_ key: ObjectKey) -> (any ObjectSighting)? { origin.sighting(key) }

    public func infos(_ keys: [ObjectKey]) async throws(StorageError) -> [ObjectInfo?] {
        try await origin.infos(keys)
    }

    public func write(_ key: ObjectKey, _ bytes: ByteBuffer, _ durability: Durability) async throws(StorageError) {
        if let digest = RegistryLayout.digest(of: key) { memory.remove(digest) }
        try await origin.write(key, bytes, durability)
    }

    public func write(
        _ key: ObjectKey, _ bytes: ByteBuffer, over old: ByteBuffer?, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        if let digest = RegistryLayout.digest(of: key) { memory.remove(digest) }
        return try await origin.write(key, bytes, over: old, durability)
    }

    public func carryOut(_ changes: [ObjectChange], _ durability: Durability) async throws(StorageError) {
        for digest in changes.compactMap({ RegistryLayout.digest(of: $0.key) }) { memory.remove(digest) }
        try await origin.carryOut(changes, durability)
    }

    public func writer(of key: ObjectKey) -> (any ObjectWriter)? { origin.writer(of: key) }

    public func grownContent(_ key: ObjectKey) async throws(StorageError) -> GrownContent? {
        try await origin.grownContent(key)
    }

    public func append(
        _ key: ObjectKey, _ bytes: ByteBuffer, to known: GrownObject
    ) async throws(StorageError) -> GrownObject {
        try await origin.append(key, bytes, to: known)
    }

    public func place(
        _ source: ObjectKey, _ known: GrownObject, at key: ObjectKey, _ durability: Durability
    ) async throws(StorageError) {
        if let digest = RegistryLayout.digest(of: key) { memory.remove(digest) }
        try await origin.place(source, known, at: key, durability)
    }

    public func settle(_ key: ObjectKey) async throws(StorageError) -> Bool { try await origin.settle(key) }

    public func list(_ prefix: ObjectKey, after: String?, limit: Int) async throws(StorageError) -> [String] {
        try await origin.list(prefix, after: after, limit: limit)
    }

    public func list(
        _ prefix: ObjectKey, holding child: String, after: String?, limit: Int
    ) async throws(StorageError) -> [String] {
        try await origin.list(prefix, holding: child, after: after, limit: limit)
    }

    public func look(
        at folder: ObjectKey, for child: String?, unless version: FolderVersion?
    ) async throws(StorageError) -> FolderLook? {
        try await origin.look(at: folder, for: child, unless: version)
    }

    public func prune(_ folder: ObjectKey) async throws(StorageError) { try await origin.prune(folder) }

    public func sweep(before time: Int64, isDry: Bool) async throws(StorageError) -> Int {
        try await origin.sweep(before: time, isDry: isDry)
    }
}
