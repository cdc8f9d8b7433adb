internal import Hashing
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI

/// Carries what a store holds into another one: contents first, then the links to them, so that at no moment a link over
/// there leads nowhere. What is there already is passed over, so that a copy that was cut off goes on.
///
/// Uploads under way are left. Wrong while somebody removes content from one of the two.
public struct StoreCopy: Sendable {
    /// How far it has come.
    public struct Progress: Sendable, Equatable {
        public var contents = 0
        public var links = 0
        /// Contents and links that were there.
        public var present = 0
        /// Bytes of contents that were carried.
        public var bytes: Int64 = 0
        public var failures = 0
    }

    private let source: any ObjectStore
    private let target: any ObjectStore
    private let folder: ProcessFolder
    private let jobs: Int
    private let isRehashing: Bool
    private let report: @Sendable (Progress) -> Void
    private let fail: @Sendable (ObjectKey, any Error) -> Void
    private let state = NIOLockedValueBox(Progress())

    /// No link or mark of ours is larger.
    private static let smallSize = 1 << 20

    /// - Parameters:
    ///   - folder: Below it a content is put together before it goes into `target`; holds at most `jobs` of them.
    ///   - jobs: How many objects at a time.
    ///   - isRehashing: Whether contents that are there already are read and hashed, and carried again where they are wrong.
    ///   - report: Told after each object.
    ///   - fail: Told of each object that cannot be carried. The others are.
    /// - Throws: If `folder` cannot be used.
    public init(
        from source: any ObjectStore, to target: any ObjectStore, through folder: String, jobs: Int,
        isRehashing: Bool = false, report: @escaping @Sendable (Progress) -> Void,
        fail: @escaping @Sendable (ObjectKey, any Error) -> Void
    ) throws(StorageError) {
        self.source = source
        self.target = target
        self.folder = try ProcessFolder(below: folder)
        self.jobs = jobs
        self.isRehashing = isRehashing
        self.report = report
        self.fail = fail
    }

    /// - Throws: if the source cannot be listed. What has been carried until then stays.
    public func run() async throws -> Progress {
        for root in [RegistryLayout.blobs, RegistryLayout.repositories] {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var running = 0
                try await walk(root) { key in
                    if running >= jobs {
                        try await group.next()
                        running -= 1
                    }
                    group.addTask { try await carry(key) }
                    running += 1
                }
                try await group.waitForAll()
            }
        }
        return state.withLockedValue { $0 }
    }

    /// Every object below a key, in the order of their names.
    private func walk(_ prefix: ObjectKey, _ visit: (ObjectKey) async throws -> Void) async throws {
        var after: String?
        repeat {
            let names = try await source.list(prefix, after: after, limit: 1000)
            for name in names {
                try Task.checkCancellation()
                guard let key = prefix.child(name), !RegistryLayout.isUploads(key) else { continue }
                if try await isObject(key) { try await visit(key) } else { try await walk(key, visit) }
            }
            after = names.count == 1000 ? names.last : nil
        } while after != nil
    }

    /// Where the name does not tell, the store is asked.
    private func isObject(_ key: ObjectKey) async throws -> Bool {
        switch RegistryLayout.shape(of: key) {
        case .leaf, .growing: return true
        case .folder: return false
        case .any:
            guard RegistryLayout.isOurs(key) else { return false }
            return try await source.info(key) != nil
        }
    }

    private func carry(_ key: ObjectKey) async throws {
        do {
            if let digest = RegistryLayout.digest(of: key) {
                let isCarried = try await carry(key, digest)
                note { isCarried ? ($0.contents += 1) : ($0.present += 1) }
            } else {
                let isCarried = try await carrySmall(key)
                note { isCarried ? ($0.links += 1) : ($0.present += 1) }
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            fail(key, error)
            note { $0.failures += 1 }
        }
    }

    private func note(_ change: (inout Progress) -> Void) {
        let progress = state.withLockedValue { progress in
            change(&progress)
            return progress
        }
        report(progress)
    }

    private func carrySmall(_ key: ObjectKey) async throws -> Bool {
        // Gone since it was listed.
        guard let bytes = try await source.read(key, limit: Self.smallSize)?.bytes else { return false }
        if try await target.read(key, limit: Self.smallSize)?.bytes == bytes { return false }
        try await target.write(key, bytes, .durable)
        return true
    }

    private func carry(_ key: ObjectKey, _ digest: Digest) async throws -> Bool {
        guard let content = try await source.content(key) else { return false }
        if let there = try await target.info(key), there.size == content.size {
            guard isRehashing else { return false }
            if try await isRight(key, digest) { return false }
        }
        let file = try CopiedFile(in: folder, digest.algorithm)
        try await content.forEachPiece { piece in try file.append(piece) }
        guard file.digest == digest else {
            throw StorageError(
                .corrupt, "the source holds other bytes than the digest says; run entrepot scrub on it", key: key)
        }
        try await target.adopt(file: file.path, as: key, .durable)
        note { $0.bytes += content.size }
        return true
    }

    private func isRight(_ key: ObjectKey, _ digest: Digest) async throws -> Bool {
        guard let content = try await target.content(key) else { return false }
        var hasher = DigestHasher(digest.algorithm)
        try await content.forEachPiece { piece in hasher.update(piece) }
        return hasher.digest() == digest
    }
}
