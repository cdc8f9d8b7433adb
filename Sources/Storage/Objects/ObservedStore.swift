internal import Metrics
public import NIOCore
public import OCI
internal import Observability

/// A store whose operations are counted and timed.
public struct ObservedStore: ObjectStore {
    private enum Operation: Int, CaseIterable {
        case info, read, content, write, adopt, append, move, settle, list, delete, sweep, look, prune
    }

    /// Of one operation, made once.
    private struct Measures {
        let succeeded: Counter
        let timer: Timer
    }

    private let store: any ObjectStore
    private let measures: [Measures]

    public init(_ store: any ObjectStore) {
        self.store = store
        measures = Operation.allCases.map { operation in
            Measures(
                succeeded: Self.counter(operation, "ok"),
                timer: Timer(
                    label: "entrepot_store_operation_seconds", dimensions: [("operation", "\(operation)")]))
        }
    }

    public var appendSize: Int { store.appendSize }
    public var isRemote: Bool { store.isRemote }
    public var clockDifference: Int64 { store.clockDifference }
    public var origin: any ObjectStore { store.origin }

    public func info(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo? {
        try await observed(.info) { () async throws(StorageError) in try await store.info(key) }
    }

    public func infos(_ keys: [ObjectKey]) async throws(StorageError) -> [ObjectInfo?] {
        try await observed(.info) { () async throws(StorageError) in try await store.infos(keys) }
    }

    public func read(
        _ key: ObjectKey, limit: Int
    ) async throws(StorageError) -> (bytes: ByteBuffer, info: ObjectInfo)? {
        try await observed(.read) { () async throws(StorageError) in try await store.read(key, limit: limit) }
    }

    public func content(_ key: ObjectKey) async throws(StorageError) -> ObjectContent? {
        try await observed(.content) { () async throws(StorageError) in try await store.content(key) }
    }

    public func content(_ key: ObjectKey, reading part: ByteRange?) async throws(StorageError) -> ObjectContent? {
        try await observed(.content) { () async throws(StorageError) in try await store.content(key, reading: part) }
    }

    public func grownContent(_ key: ObjectKey) async throws(StorageError) -> GrownContent? {
        try await observed(.content) { () async throws(StorageError) in try await store.grownContent(key) }
    }

    public func write(_ key: ObjectKey, _ bytes: ByteBuffer, _ durability: Durability) async throws(StorageError) {
        try await observed(.write) { () async throws(StorageError) in try await store.write(key, bytes, durability) }
    }

    public func write(
        _ key: ObjectKey, _ bytes: ByteBuffer, over old: ByteBuffer?, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        try await observed(.write) { () async throws(StorageError) in
            try await store.write(key, bytes, over: old, durability)
        }
    }

    public func carryOut(_ changes: [ObjectChange], _ durability: Durability) async throws(StorageError) {
        try await observed(.write) { () async throws(StorageError) in try await store.carryOut(changes, durability) }
    }

    public func adopt(
        file path: String, as key: ObjectKey, _ durability: Durability
    ) async throws(StorageError) {
        try await observed(.adopt) { () async throws(StorageError) in
            try await store.adopt(file: path, as: key, durability)
        }
    }

    // What it writes is counted where it arrives.
    public func writer(of key: ObjectKey) -> (any ObjectWriter)? { store.writer(of: key) }

    public func append(
        _ key: ObjectKey, _ bytes: ByteBuffer, to known: GrownObject
    ) async throws(StorageError) -> GrownObject {
        try await observed(.append) { () async throws(StorageError) in
            try await store.append(key, bytes, to: known)
        }
    }

    public func move(
        _ source: ObjectKey, to key: ObjectKey, _ durability: Durability
    ) async throws(StorageError) {
        try await observed(.move) { () async throws(StorageError) in
            try await store.move(source, to: key, durability)
        }
    }

    public func place(
        _ source: ObjectKey, _ known: GrownObject, at key: ObjectKey, _ durability: Durability
    ) async throws(StorageError) {
        try await observed(.move) { () async throws(StorageError) in
            try await store.place(source, known, at: key, durability)
        }
    }

    public func settle(_ key: ObjectKey) async throws(StorageError) -> Bool {
        try await observed(.settle) { () async throws(StorageError) in try await store.settle(key) }
    }

    public func list(
        _ prefix: ObjectKey, after: String?, limit: Int
    ) async throws(StorageError) -> [String] {
        try await observed(.list) { () async throws(StorageError) in
            try await store.list(prefix, after: after, limit: limit)
        }
    }

    public func list(
        _ prefix: ObjectKey, holding child: String, after: String?, limit: Int
    ) async throws(StorageError) -> [String] {
        try await observed(.list) { () async throws(StorageError) in
            try await store.list(prefix, holding: child, after: after, limit: limit)
        }
    }

    public func look(
        at folder: ObjectKey, for child: String?, unless version: FolderVersion?
    ) async throws(StorageError) -> FolderLook? {
        try await observed(.look) { () async throws(StorageError) in
            try await store.look(at: folder, for: child, unless: version)
        }
    }

    public func delete(_ key: ObjectKey) async throws(StorageError) {
        try await observed(.delete) { () async throws(StorageError) in try await store.delete(key) }
    }

    public func delete(_ keys: [ObjectKey]) async throws(StorageError) {
        try await observed(.delete) { () async throws(StorageError) in try await store.delete(keys) }
    }

    public func prune(_ folder: ObjectKey) async throws(StorageError) {
        try await observed(.prune) { () async throws(StorageError) in try await store.prune(folder) }
    }

    // A look into memory, and not worth a count.
    public func sighting(_ key: ObjectKey) -> (any ObjectSighting)? { store.sighting(key) }

    public func sweep(before time: Int64, isDry: Bool) async throws(StorageError) -> Int {
        try await observed(.sweep) { () async throws(StorageError) in
            try await store.sweep(before: time, isDry: isDry)
        }
    }

    private func observed<Value>(
        _ operation: Operation, _ work: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let began = NIODeadline.now()
        let measures = measures[operation.rawValue]
        do throws(StorageError) {
            let value = Traces.isOn ? try await traced("store \(operation)", work) : try await work()
            measures.timer.recordNanoseconds((NIODeadline.now() - began).nanoseconds)
            measures.succeeded.increment()
            return value
        } catch {
            measures.timer.recordNanoseconds((NIODeadline.now() - began).nanoseconds)
            Self.counter(operation, error.code.rawValue).increment()
            throw error
        }
    }

    private static func counter(_ operation: Operation, _ outcome: String) -> Counter {
        Counter(
            label: "entrepot_store_operations_total",
            dimensions: [("operation", "\(operation)"), ("outcome", outcome)])
    }
}
