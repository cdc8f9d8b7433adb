public import NIOCore
public import OCI

/// A store that holds its objects itself. What it cannot do better than by its other operations is done here; one that passes
/// calls on to another store is none, so that it forgets no operation.
public protocol BackingStore: ObjectStore {}

extension BackingStore {
    public var appendSize: Int { 512 << 10 }
    public var isRemote: Bool { false }
    public var clockDifference: Int64 { 0 }
    public var origin: any ObjectStore { self }

    public func infos(_ keys: [ObjectKey]) async throws(StorageError) -> [ObjectInfo?] {
        var found: [ObjectInfo?] = []
        for key in keys { found.append(try await info(key)) }
        return found
    }

    public func content(_ key: ObjectKey, reading part: ByteRange?) async throws(StorageError) -> ObjectContent? {
        try await content(key)
    }

    public func write(
        _ key: ObjectKey, _ bytes: ByteBuffer, over old: ByteBuffer?, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        try await compareAndWrite(key, bytes, over: old, durability)
    }

    /// As ``write(_:_:over:_:)``, where nobody else writes between the look and the write.
    public func compareAndWrite(
        _ key: ObjectKey, _ bytes: ByteBuffer, over old: ByteBuffer?, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        guard try await holds(key, old) else { return try await holds(key, bytes) }
        try await write(key, bytes, durability)
        return true
    }

    /// Whether an object is these bytes; for nil, whether there is none.
    public func holds(_ key: ObjectKey, _ bytes: ByteBuffer?) async throws(StorageError) -> Bool {
        guard let bytes else { return try await info(key) == nil }
        do throws(StorageError) {
            return try await read(key, limit: bytes.readableBytes)?.bytes == bytes
        } catch {
            guard error.code == .tooLarge else { throw error }
            return false
        }
    }

    public func carryOut(_ changes: [ObjectChange], _ durability: Durability) async throws(StorageError) {
        for change in changes {
            switch change {
            case .write(let key, let bytes): try await write(key, bytes, durability)
            case .place(let source, let known, at: let key):
                try await place(source, known, at: key, durability)
            }
        }
    }

    public func sighting(_ key: ObjectKey) -> (any ObjectSighting)? { nil }

    public func writer(of key: ObjectKey) -> (any ObjectWriter)? { nil }

    public func grownContent(_ key: ObjectKey) async throws(StorageError) -> GrownContent? {
        try await content(key).map { GrownContent($0) }
    }

    public func place(
        _ source: ObjectKey, _ known: GrownObject, at key: ObjectKey, _ durability: Durability
    ) async throws(StorageError) {
        guard let found = try await info(source)?.size else {
            throw StorageError(.absent, "there is nothing to move", key: source)
        }
        guard found == known.size else { throw .wrongSize(found, known.size, source) }
        try await move(source, to: key, durability)
    }

    public func list(
        _ prefix: ObjectKey, holding child: String, after: String?, limit: Int
    ) async throws(StorageError) -> [String] {
        var names: [String] = []
        var after = after
        while names.count < limit {
            let page = try await list(prefix, after: after, limit: 1000)
            for name in page where names.count < limit {
                if let key = prefix.child("\(name)/\(child)"), try await info(key) != nil { names.append(name) }
            }
            guard page.count == 1000, let last = page.last else { break }
            after = last
        }
        return names
    }

    public func look(
        at folder: ObjectKey, for child: String?, unless version: FolderVersion?
    ) async throws(StorageError) -> FolderLook? {
        let names =
            if let child { try await list(folder, holding: child, after: nil, limit: .max) } else {
                try await list(folder, after: nil, limit: .max)
            }
        return FolderLook(holding: names, empty: [], version: nil)
    }

    public func delete(_ keys: [ObjectKey]) async throws(StorageError) {
        for key in keys { try await delete(key) }
    }

    public func sweep(before time: Int64, isDry: Bool) async throws(StorageError) -> Int { 0 }

    public func prune(_ folder: ObjectKey) async throws(StorageError) {}
}
