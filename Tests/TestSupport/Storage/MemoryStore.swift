internal import NIOConcurrencyHelpers
public import NIOCore
public import Storage

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#endif

/// An ``ObjectStore`` in memory, for tests of what stands on the port. Can be told to fail.
public final class MemoryStore: BackingStore {
    private struct Object {
        var bytes: ByteBuffer
        var modified: Int64
        /// Another one for each content.
        var version: UInt64 = .random(in: .min ... .max)
    }

    private let objects = NIOLockedValueBox<[String: Object]>([:])
    private let failure = NIOLockedValueBox<StorageError.Code?>(nil)
    private let writeFailure = NIOLockedValueBox<StorageError.Code?>(nil)
    private let now: @Sendable () -> Int64
    private let unreadable = NIOLockedValueBox<(key: ObjectKey, code: StorageError.Code)?>(nil)
    private let closed = NIOLockedValueBox<(path: String, code: StorageError.Code)?>(nil)
    private let areMovesFailed = NIOLockedValueBox(true)
    private let broken = NIOLockedValueBox<ObjectKey?>(nil)
    private let difference = NIOLockedValueBox<Int64>(0)
    private let falsified = NIOLockedValueBox<ObjectKey?>(nil)
    private let interception = NIOLockedValueBox<(@Sendable (ObjectKey) async throws(StorageError) -> Void)?>(nil)
    private let reading = NIOLockedValueBox<[ObjectKey: @Sendable () async throws(StorageError) -> Void]>([:])
    private let network = NIOLockedValueBox<(@Sendable () async throws(StorageError) -> Void)?>(nil)

    public init(now: @escaping @Sendable () -> Int64 = { 0 }) {
        self.now = now
    }

    /// From now on every call throws this; nil to work again.
    public func fail(_ code: StorageError.Code?) { failure.withLockedValue { $0 = code } }

    /// From now on every call that changes something throws this; nil to work again.
    ///
    /// - Parameter moves: Whether that a full disk has no room for a name either.
    public func failWrites(_ code: StorageError.Code?, moves: Bool = true) {
        writeFailure.withLockedValue { $0 = code }
        areMovesFailed.withLockedValue { $0 = moves }
    }

    /// From now on every call for what lies below this path throws; nil to work again.
    public func failBelow(_ path: String?, _ code: StorageError.Code) {
        closed.withLockedValue { $0 = path.map { ($0, code) } }
    }

    /// From now on it is as a store behind a network is; files that it adopts go over `network`.
    public func move(behind network: @escaping @Sendable () async throws(StorageError) -> Void) {
        self.network.withLockedValue { $0 = network }
    }

    public var clockDifference: Int64 { difference.withLockedValue { $0 } }

    /// Seconds by which its clock is to be ahead.
    public func setClock(ahead seconds: Int64) { difference.withLockedValue { $0 = seconds } }

    public var isRemote: Bool { network.withLockedValue { $0 != nil } }

    /// From now on asking for this content throws; nil to work again.
    public func failReading(_ key: ObjectKey?, _ code: StorageError.Code) {
        unreadable.withLockedValue { $0 = key.map { ($0, code) } }
    }

    /// From now on whatever is asked of this object throws; nil to work again.
    public func breakObject(_ key: ObjectKey?) { broken.withLockedValue { $0 = key } }

    /// The next who asks for this content is given another.
    public func falsifyOnce(_ key: ObjectKey) { falsified.withLockedValue { $0 = key } }

    /// From now on `body` runs before each object is written: what somebody else does at that moment.
    public func beforeWriting(_ body: (@Sendable (ObjectKey) async throws(StorageError) -> Void)?) {
        interception.withLockedValue { $0 = body }
    }

    /// `body` runs once, when a small object was read and before its reader is told: what somebody else does at that moment.
    public func afterReadingOnce(_ key: ObjectKey, _ body: @escaping @Sendable () async throws(StorageError) -> Void) {
        reading.withLockedValue { $0[key] = body }
    }

    /// All keys, in order.
    public var keys: [String] { objects.withLockedValue { $0.keys.sorted() } }

    public func info(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo? {
        try check(key)
        return objects.withLockedValue { $0[key.path] }
            .map { ObjectInfo(size: Int64($0.bytes.readableBytes), modified: $0.modified) }
    }

    public func sighting(_ key: ObjectKey) -> (any ObjectSighting)? {
        guard !isRemote, failure.withLockedValue({ $0 }) == nil,
            let object = objects.withLockedValue({ $0[key.path] })
        else { return nil }
        return Sighting(store: self, path: key.path, version: object.version)
    }

    private struct Sighting: ObjectSighting {
        let store: MemoryStore
        let path: String
        let version: UInt64

        var isCurrent: Bool { store.objects.withLockedValue { $0[path]?.version } == version }
    }

    public func read(_ key: ObjectKey, limit: Int) async throws(StorageError) -> (bytes: ByteBuffer, info: ObjectInfo)?
    {
        let found = try await info(key)
        let object = objects.withLockedValue { $0[key.path] }
        if let body = reading.withLockedValue({ $0.removeValue(forKey: key) }) { try await body() }
        guard let info = found, let object else { return nil }
        guard info.size <= limit else { throw StorageError(.tooLarge, "too large", key: key) }
        return (object.bytes, info)
    }

    public func content(_ key: ObjectKey) async throws(StorageError) -> ObjectContent? {
        try check(key)
        if let failure = unreadable.withLockedValue({ $0 }), failure.key == key {
            throw StorageError(failure.code, "told to fail", key: key)
        }
        let isFalse = falsified.withLockedValue { falsified in
            guard falsified == key else { return false }
            falsified = nil
            return true
        }
        if isFalse { return .bytes(ByteBuffer(string: "something else")) }
        return objects.withLockedValue { $0[key.path] }.map { .bytes($0.bytes) }
    }

    public func write(_ key: ObjectKey, _ bytes: ByteBuffer, _ durability: Durability) async throws(StorageError) {
        try checkWrite(key)
        try await interception.withLockedValue { $0 }?(key)
        objects.withLockedValue { $0[key.path] = Object(bytes: bytes, modified: now()) }
    }

    public func write(
        _ key: ObjectKey, _ bytes: ByteBuffer, over old: ByteBuffer?, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        try checkWrite(key)
        try await interception.withLockedValue { $0 }?(key)
        return objects.withLockedValue { objects in
            let found = objects[key.path]?.bytes
            guard found == old else { return found == bytes }
            objects[key.path] = Object(bytes: bytes, modified: now())
            return true
        }
    }

    public func adopt(file path: String, as key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        try checkWrite(key)
        try await network.withLockedValue { $0 }?()
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: path))
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw StorageError(.io, "cannot adopt \(path)", key: key, cause: error)
        }
        objects.withLockedValue { $0[key.path] = Object(bytes: ByteBuffer(bytes: bytes), modified: now()) }
    }

    public func append(
        _ key: ObjectKey, _ bytes: ByteBuffer, to known: GrownObject
    ) async throws(StorageError) -> GrownObject {
        try checkWrite(key)
        let offset = known.size
        let isAppended = objects.withLockedValue { objects in
            var object = objects[key.path] ?? Object(bytes: ByteBuffer(), modified: 0)
            guard Int64(object.bytes.readableBytes) == offset, offset == 0 || objects[key.path] != nil else {
                return false
            }
            objects[key.path] = nil
            object.bytes.writeImmutableBuffer(bytes)
            object = Object(bytes: object.bytes, modified: now())
            objects[key.path] = object
            return true
        }
        guard isAppended else { throw StorageError(.conflict, "the object has another size", key: key) }
        return Growth.appended.beginning(offset + Int64(bytes.readableBytes))
    }

    public func move(_ source: ObjectKey, to key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        if areMovesFailed.withLockedValue({ $0 }) { try checkWrite(key) } else { try checkRemoval(key) }
        let isMoved = objects.withLockedValue { objects in
            guard let object = objects.removeValue(forKey: source.path) else { return false }
            objects[key.path] = object
            return true
        }
        guard isMoved else { throw StorageError(.absent, "there is nothing to move", key: source) }
    }

    public func settle(_ key: ObjectKey) async throws(StorageError) -> Bool { try await info(key) != nil }

    public func list(_ prefix: ObjectKey, after: String?, limit: Int) async throws(StorageError) -> [String] {
        try check(prefix)
        let start = prefix.path + "/"
        let names = objects.withLockedValue { objects in
            Set(
                objects.keys.filter { $0.hasPrefix(start) }.compactMap {
                    $0.dropFirst(start.count).split(separator: "/").first.map(String.init)
                })
        }
        let ordered = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard let after else { return Array(ordered.prefix(limit)) }
        return Array(ordered.filter { after.utf8.lexicographicallyPrecedes($0.utf8) }.prefix(limit))
    }

    public func delete(_ key: ObjectKey) async throws(StorageError) {
        try checkRemoval(key)
        objects.withLockedValue { objects in
            for name in objects.keys where name == key.path || name.hasPrefix(key.path + "/") { objects[name] = nil }
        }
    }

    private func checkWrite(_ key: ObjectKey) throws(StorageError) {
        try check(key)
        if let code = writeFailure.withLockedValue({ $0 }) { throw StorageError(code, "told to fail", key: key) }
    }

    /// What takes no room is done on a full disk too, and is not synced.
    private func checkRemoval(_ key: ObjectKey) throws(StorageError) {
        switch writeFailure.withLockedValue({ $0 }) {
        case .unsynced, .noSpace: try check(key)
        default: try checkWrite(key)
        }
    }

    private func check(_ key: ObjectKey) throws(StorageError) {
        if let closed = closed.withLockedValue({ $0 }), key.path.hasPrefix(closed.path) {
            throw StorageError(closed.code, "told to fail", key: key)
        }
        if broken.withLockedValue({ $0 }) == key { throw StorageError(.io, "told to fail", key: key) }
        if let code = failure.withLockedValue({ $0 }) { throw StorageError(code, "told to fail", key: key) }
    }
}
