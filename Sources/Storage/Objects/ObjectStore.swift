public import NIOCore
public import OCI

/// Size and age of an object.
public struct ObjectInfo: Sendable, Equatable {
    /// Bytes.
    public let size: Int64
    /// Seconds since 1970.
    public let modified: Int64
    /// Of an object that grows.
    public let growth: Growth

    public init(size: Int64, modified: Int64, growth: Growth = .appended) {
        self.size = size
        self.modified = modified
        self.growth = growth
    }
}

/// How the edge may serve an object.
public enum ObjectContent: Sendable {
    /// From a descriptor, whole or in part.
    case file(OpenFile, size: Int64)
    case bytes(ByteBuffer)
    /// By asking a store again, which may have removed it by then.
    case remote(RemoteObject)

    /// Bytes.
    public var size: Int64 {
        switch self {
        case .file(_, let size): size
        case .bytes(let bytes): Int64(bytes.readableBytes)
        case .remote(let object): object.size
        }
    }
}

/// What a write must survive before it is acknowledged.
public enum Durability: Sendable {
    /// The process may be killed; after a power loss the object may be gone and is fetched again.
    case cached
    /// A power loss as well: nobody else has these bytes.
    case durable
}

/// The one port behind which a filesystem, a bucket or memory lies.
///
/// - Objects appear whole or not at all, whatever the moment the process dies.
/// - Writing an existing key replaces the object; whoever reads the old one reads it to its end.
/// - Deleting what is absent is no error. `nil` means absent; a throw means that the store failed to tell.
/// - No locks: callers that need "only if" order their own calls.
public protocol ObjectStore: Sendable {
    /// How many bytes at a time an object should grow by, where there are so many.
    var appendSize: Int { get }

    /// Where content lies that this one may hold a copy of: for who wants to know how it is there.
    var origin: any ObjectStore { get }

    /// Whether every look costs a request: then what a look would save is done right away.
    var isRemote: Bool { get }

    /// Seconds by which the clock that tells when objects were written is ahead of this process'; 0 where it is the same, as far as
    /// anybody has said.
    var clockDifference: Int64 { get }

    func info(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo?

    /// An object as it is now; nil where what becomes of it cannot be told at once, where there is none, and for some time
    /// after it has changed.
    func sighting(_ key: ObjectKey) -> (any ObjectSighting)?

    /// The same of several, looked at in their order: where every look costs a request, of those in one folder at once.
    func infos(_ keys: [ObjectKey]) async throws(StorageError) -> [ObjectInfo?]

    /// The whole of a small object with its age; `StorageError.Code.tooLarge` when it holds more than `limit` bytes.
    func read(_ key: ObjectKey, limit: Int) async throws(StorageError) -> (bytes: ByteBuffer, info: ObjectInfo)?

    func content(_ key: ObjectKey) async throws(StorageError) -> ObjectContent?

    /// The same for who reads a part of it right away: where that costs requests, the first bytes come along with the answer.
    ///
    /// - Parameter part: Nil for the whole.
    func content(_ key: ObjectKey, reading part: ByteRange?) async throws(StorageError) -> ObjectContent?

    /// The content of an object that grows, and of what it is the content.
    func grownContent(_ key: ObjectKey) async throws(StorageError) -> GrownContent?

    func write(_ key: ObjectKey, _ bytes: ByteBuffer, _ durability: Durability) async throws(StorageError)

    /// Writes a small object where there is none, or in the place of one that is still `old`: of several who do so at once,
    /// one. Where the store cannot tell, whoever needs that orders his calls.
    ///
    /// - Parameter old: Nil if there must be none.
    /// - Returns: False if there is another one by now, or none.
    func write(
        _ key: ObjectKey, _ bytes: ByteBuffer, over old: ByteBuffer?, _ durability: Durability
    ) async throws(StorageError) -> Bool

    /// Carries out several changes, which become visible in their order; after a failure the first ones may have been carried out.
    ///
    /// All are durable when it returns, and none is visible before its bytes are durable. What one costs a store that syncs, all of
    /// them cost: after a power loss the file system decides which of them there are. So none may take the place of something
    /// that another one is needed for.
    func carryOut(_ changes: [ObjectChange], _ durability: Durability) async throws(StorageError)

    /// Makes the complete local file at `path` the object `key`. The file is gone afterwards; open descriptors stay valid.
    func adopt(file path: String, as key: ObjectKey, _ durability: Durability) async throws(StorageError)

    /// For an object that comes piece by piece and whose key is known from the start; nil where nothing is gained by that,
    /// since an object that has grown is moved at no cost.
    func writer(of key: ObjectKey) -> (any ObjectWriter)?

    /// Makes `bytes` the new end of an object that grows; after ``GrownObject/nothing`` it begins. Unlike all others such an
    /// object is visible while it grows. After a failure it may be longer than before: ask for its size.
    ///
    /// - Parameter known: What it is as far as the caller knows.
    /// - Returns: What it is now.
    /// - Throws: `StorageError.Code.conflict` if it is something else.
    func append(
        _ key: ObjectKey, _ bytes: ByteBuffer, to known: GrownObject
    ) async throws(StorageError) -> GrownObject

    /// Makes the object `source` the object `key`. `source` is gone afterwards. Whoever deletes `source` and then finds no `key`
    /// has prevented it.
    ///
    /// - Throws: `StorageError.Code.absent` if there is no `source`, or none any more: then a store that can only copy may have
    ///   left a copy of it.
    func move(_ source: ObjectKey, to key: ObjectKey, _ durability: Durability) async throws(StorageError)

    /// The same for an object that has grown to exactly `known`, and is deleted next: where that costs requests, `source` may
    /// still be there.
    ///
    /// - Throws: `StorageError.Code.conflict` if it is something else by now: whatever becomes `key`, it is `known`.
    func place(
        _ source: ObjectKey, _ known: GrownObject, at key: ObjectKey, _ durability: Durability
    ) async throws(StorageError)

    /// Makes an object that may have been written as ``Durability/cached`` durable; false if there is none.
    func settle(_ key: ObjectKey) async throws(StorageError) -> Bool

    /// Names one level below `prefix` in lexical byte order, those greater than `after`, at most `limit` of them.
    func list(_ prefix: ObjectKey, after: String?, limit: Int) async throws(StorageError) -> [String]

    /// As ``list(_:after:limit:)``, of the names below which the object `child` lies, a path. A store in which every look
    /// costs a request may name those as well below which only others lie.
    func list(
        _ prefix: ObjectKey, holding child: String, after: String?, limit: Int
    ) async throws(StorageError) -> [String]

    /// Looks at everything one level below `folder`, for who walks through all there is: nothing is remembered of it, and a
    /// filesystem is asked on the caller's thread.
    ///
    /// - Parameters:
    ///   - child: A path that names must hold an object at; nil for all names. A store in which every look costs a request
    ///     takes those as well below which only others lie.
    ///   - version: Nothing is looked at if it is still the same.
    /// - Returns: Nil if nothing was added or taken away since `version`.
    func look(
        at folder: ObjectKey, for child: String?, unless version: FolderVersion?
    ) async throws(StorageError) -> FolderLook?

    /// Removes an object, or everything below a prefix.
    func delete(_ key: ObjectKey) async throws(StorageError)

    /// The same of several, with as few requests as there can be.
    func delete(_ keys: [ObjectKey]) async throws(StorageError)

    /// Removes what processes that died have left where no key shows it, from before a time, in seconds since 1970.
    ///
    /// - Parameter isDry: Only counts it.
    /// - Returns: How much there was.
    func sweep(before time: Int64, isDry: Bool) async throws(StorageError) -> Int

    /// Removes a folder if nothing lies in it, where there are folders.
    func prune(_ folder: ObjectKey) async throws(StorageError)
}
