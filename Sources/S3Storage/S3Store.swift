internal import Coordination
internal import CurlClient
public import NIOCore
public import OCI
public import Storage
public import Threads

/// Objects in a bucket, under a prefix.
///
/// What is decided by a rename on a filesystem is decided here by the one request that makes an object appear: a PUT, a
/// copy, or the completion of a multipart upload. An object that grows is a row of objects, each named by where it begins:
/// nothing of it is in memory, so that any replica goes on with it.
public struct S3Store: BackingStore {
    /// What comes along with the first look at an object, in bytes: most are smaller.
    private static let firstLook: Int64 = 64 << 10

    let client: S3Client
    let pool: ThreadPool
    let shape: @Sendable (ObjectKey) -> RegistryLayout.Shape
    let rows = KnownRows()
    /// Orders uploads of files.
    let lanes = KeyedLock<Int>()
    let conditions = KeptConditions()

    /// - Parameters:
    ///   - pool: Reads files that are adopted.
    ///   - shape: What a key tells of what lies there.
    public init(
        _ client: S3Client, pool: ThreadPool,
        shape: @escaping @Sendable (ObjectKey) -> RegistryLayout.Shape = RegistryLayout.shape
    ) {
        self.client = client
        self.pool = pool
        self.shape = shape
    }

    public var appendSize: Int { client.settings.partSize }
    public var isRemote: Bool { true }
    public var clockDifference: Int64 { client.storeTime - client.localTime }

    /// The key in the bucket.
    func name(_ key: ObjectKey) -> String { prefix + key.path }

    var prefix: String { client.settings.keyPrefix.isEmpty ? "" : client.settings.keyPrefix + "/" }

    public func info(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo? {
        if shape(key) == .growing { return try await row(key)?.info }
        return try await asked(key) { () async throws(S3Error) in
            try await client.head(name(key)).map { ObjectInfo(size: $0.size, modified: $0.modified) }
        }
    }

    public func read(_ key: ObjectKey, limit: Int) async throws(StorageError) -> (bytes: ByteBuffer, info: ObjectInfo)?
    {
        let (content, info) = try await look(key, Int64(clamping: limit))
        guard let content, let info else { return nil }
        guard info.size <= limit else {
            throw StorageError(.tooLarge, "the object has \(info.size) bytes, more than the \(limit) allowed", key: key)
        }
        switch content {
        case .bytes(let bytes): return (bytes, info)
        case .remote(let object): return (try await object.body(0..<object.size).collect(), info)
        case .file(let file, let size): return file.bytes(count: Int(size)).map { ($0, info) }
        }
    }

    public func content(_ key: ObjectKey) async throws(StorageError) -> ObjectContent? {
        if shape(key) == .growing { return try await grownContent(key)?.content }
        return try await look(key, Self.firstLook).content
    }

    /// With the bytes asked for on their way.
    public func content(_ key: ObjectKey, reading part: ByteRange?) async throws(StorageError) -> ObjectContent? {
        if shape(key) == .growing { return try await grownContent(key)?.content }
        let range: Range<Int64>?
        switch part {
        case nil: range = nil
        case .from(let first, let last)?:
            guard let last else { range = first..<Int64.max; break }
            guard first <= last else { return try await content(key) }
            range = first..<(last < Int64.max ? last + 1 : last)
        case .suffix?: return try await content(key)
        }
        let (content, isBeyond) = try await asked(key) { () async throws(S3Error) in try await opened(key, range) }
        return isBeyond ? try await self.content(key) : content
    }

    /// - Returns: `isBeyond` says that the object ends before the range begins.
    private func opened(
        _ key: ObjectKey, _ range: Range<Int64>?
    ) async throws(S3Error) -> (ObjectContent?, isBeyond: Bool) {
        let found: (object: S3Object, body: CurlBody)?
        do throws(S3Error) {
            found = try await client.get(name(key), range)
        } catch {
            guard error.status == 416 else { throw error }
            return (nil, true)
        }
        guard let (object, body) = found else { return (nil, false) }
        let extent = S3Body.Extent(key: name(key), size: object.size, entity: object.entity)
        guard range == nil, object.size <= Self.firstLook else {
            let opened = OpenedTransfer(body, (range ?? 0..<object.size).clamped(to: 0..<object.size))
            return (.remote(RemoteObject(client, [extent], opened: opened)), false)
        }
        // What broke off is asked for again by who reads it.
        guard let bytes = try? await body.collect(upTo: Int(object.size)), Int64(bytes.readableBytes) == object.size
        else { return (.remote(RemoteObject(client, [extent])), false) }
        return (.bytes(bytes), false)
    }

    /// What is there, with its first bytes.
    private func look(
        _ key: ObjectKey, _ most: Int64
    ) async throws(StorageError) -> (content: ObjectContent?, info: ObjectInfo?) {
        try await asked(key) { () async throws(S3Error) in
            let count = min(max(most, 1), Self.firstLook)
            guard let (object, body) = try await client.get(name(key), 0..<count) else { return (nil, nil) }
            let info = ObjectInfo(size: object.size, modified: object.modified)
            let extent = S3Body.Extent(key: name(key), size: object.size, entity: object.entity)
            guard object.size <= count || most > count else { return (.remote(RemoteObject(client, [extent])), info) }
            let prefix: ByteBuffer
            do { prefix = try await body.collect(upTo: Int(count)) } catch {
                // The head is known; the rest has its own tries.
                return (.remote(RemoteObject(client, [extent])), info)
            }
            if Int64(prefix.readableBytes) == object.size { return (.bytes(prefix), info) }
            return (.remote(RemoteObject(client, [extent], prefix: prefix)), info)
        }
    }

    /// A row as one content. The parts of an upload cannot be read before they are made an object.
    public func grownContent(_ key: ObjectKey) async throws(StorageError) -> GrownContent? {
        guard var row = try await row(key) else { return nil }
        let name = name(key)
        var former = row.growth
        if !row.parts.isEmpty {
            try await asked(key) { () async throws(S3Error) in try await seal(&row, name) }
            rows.note(row, key)
            if row.wholeEntity == nil {
                // It is one object now, but perhaps another's.
                guard let found = try await self.row(key), found.parts.isEmpty else { throw Self.exchanged(key) }
                (row, former) = (found, found.growth)
            }
        }
        var extents = row.pieces.map {
            S3Body.Extent(key: "\(name)/\(GrowingRow.name($0.start))", size: $0.size, entity: $0.entity)
        }
        if let whole = row.whole {
            extents.insert(S3Body.Extent(key: name, size: whole, entity: row.wholeEntity), at: 0)
        }
        return GrownContent(.remote(RemoteObject(client, extents)), row.growth, formerly: former)
    }

    public func writer(of key: ObjectKey) -> (any ObjectWriter)? { S3Writer(self, key) }

    public func write(_ key: ObjectKey, _ bytes: ByteBuffer, _ durability: Durability) async throws(StorageError) {
        try await asked(key) { () async throws(S3Error) in _ = try await client.put(name(key), bytes) }
    }

    public func write(
        _ key: ObjectKey, _ bytes: ByteBuffer, over old: ByteBuffer?, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        let areKept = try await asked(key) { () async throws(S3Error) in try await keepsConditions() }
        guard areKept else { return try await compareAndWrite(key, bytes, over: old, durability) }
        return try await asked(key) { () async throws(S3Error) in
            let name = name(key)
            if let old {
                guard let found = try await object(name, that: old) else {
                    return try await object(name, that: bytes) != nil
                }
                if try await client.put(name, bytes, over: found.entity) { return true }
            } else if try await client.put(new: name, bytes).isWritten {
                return true
            }
            // It may have been written by the first of two tries.
            return try await object(name, that: bytes) != nil
        }
    }

    /// An object if it holds these bytes.
    func object(_ name: String, that bytes: ByteBuffer) async throws(S3Error) -> S3Object? {
        guard let (object, body) = try await client.get(name, 0..<Int64(max(1, bytes.readableBytes))),
            object.size == bytes.readableBytes
        else { return nil }
        do throws(CurlError) {
            return try await body.collect(upTo: bytes.readableBytes) == bytes ? object : nil
        } catch {
            throw S3Error(error)
        }
    }

    /// What the store has acknowledged is durable.
    public func settle(_ key: ObjectKey) async throws(StorageError) -> Bool { try await info(key) != nil }

    /// The multipart upload that a row says it grows by.
    func uploadName(_ name: String) async throws(S3Error) -> String? {
        guard let (_, body) = try await client.get("\(name)/\(GrowingRow.uploadName)", 0..<4096) else { return nil }
        do throws(CurlError) { return String(buffer: try await body.collect(upTo: 4096)) } catch {
            throw S3Error(error)
        }
    }

    func asked<Value>(
        _ key: ObjectKey?, _ ask: () async throws(S3Error) -> Value
    ) async throws(StorageError) -> Value {
        do throws(S3Error) { return try await ask() } catch { throw StorageError(error, key) }
    }
}
