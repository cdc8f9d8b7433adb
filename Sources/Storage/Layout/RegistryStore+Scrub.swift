internal import Hashing
internal import NIOCore
public import OCI

/// What is stored, looked at without trust, and put right.
extension RegistryStore {
    /// A link as it is on disk.
    public enum LinkState: Sendable, Equatable {
        /// It holds the digest that its name says.
        case right
        /// It holds something else, or nothing.
        case damaged
        /// There is only the folder.
        case absent
    }

    public enum TagState: Sendable, Equatable {
        case names(Digest)
        /// The link holds no digest.
        case damaged
        case absent
    }

    public func layerLinks(of repository: RepositoryName) async throws(StorageError) -> [(Digest, LinkState)] {
        try await links(RegistryLayout.layers(of:_:), RegistryLayout.layerLink(_:in:), repository)
    }

    public func revisionLinks(of repository: RepositoryName) async throws(StorageError) -> [(Digest, LinkState)] {
        try await links(RegistryLayout.revisions(of:_:), RegistryLayout.revisionLink(_:in:), repository)
    }

    private func links(
        _ folder: (RepositoryName, Digest.Algorithm) -> ObjectKey, _ link: (Digest, RepositoryName) -> ObjectKey,
        _ repository: RepositoryName
    ) async throws(StorageError) -> [(Digest, LinkState)] {
        var found: [(Digest, LinkState)] = []
        for algorithm in Digest.Algorithm.allCases {
            for name in try await objects.list(folder(repository, algorithm), after: nil, limit: .max) {
                guard let digest = Digest(algorithm: algorithm, hex: name) else { continue }
                found.append((digest, try await state(of: link(digest, repository), digest)))
            }
        }
        return found
    }

    private func state(of key: ObjectKey, _ digest: Digest) async throws(StorageError) -> LinkState {
        do throws(StorageError) {
            guard let found = try await link(key)?.digest else { return .absent }
            return found == digest ? .right : .damaged
        } catch {
            guard error.isDamage else { throw error }
            return .damaged
        }
    }

    /// Tags as they are on disk, those without a link as well.
    public func tagFolders(of repository: RepositoryName) async throws(StorageError) -> [Tag] {
        try await objects.list(RegistryLayout.tags(of: repository), after: nil, limit: .max).compactMap { Tag($0) }
    }

    public func tagState(_ tag: Tag, in repository: RepositoryName) async throws(StorageError) -> TagState {
        do throws(StorageError) {
            return try await link(RegistryLayout.tagLink(tag, in: repository)).map { .names($0.digest) } ?? .absent
        } catch {
            guard error.isDamage else { throw error }
            return .damaged
        }
    }

    /// What a tag ever named, the latest first.
    public func history(of tag: Tag, in repository: RepositoryName) async throws(StorageError) -> [Digest] {
        var found: [(digest: Digest, time: Int64)] = []
        for algorithm in Digest.Algorithm.allCases {
            guard let folder = RegistryLayout.tagFolder(tag, in: repository).child("index/\(algorithm.rawValue)") else {
                continue
            }
            for name in try await objects.list(folder, after: nil, limit: 10_000) {
                guard let digest = Digest(algorithm: algorithm, hex: name),
                    let info = try await objects.info(RegistryLayout.tagIndexLink(tag, digest, in: repository))
                else { continue }
                found.append((digest, info.modified))
            }
        }
        return found.sorted { ($1.time, $1.digest) < ($0.time, $0.digest) }.map(\.digest)
    }

    // MARK: Content

    /// Whether the bytes are those that the digest names; nil if there are none.
    ///
    /// - Parameter progress: Told of each piece, in bytes; may wait, so that a rate is kept.
    public func isWhole(
        _ digest: Digest, progress: (Int) async throws(CancellationError) -> Void
    ) async throws -> Bool? {
        guard let content = try await objects.origin.content(RegistryLayout.blob(digest)) else { return nil }
        return try await Self.isWhole(content, digest, progress)
    }

    /// The bytes as they were found, if they are not those that the digest names; nil if they are, or there are none.
    ///
    /// - Parameter progress: Told of each piece, in bytes; may wait, so that a rate is kept.
    public func damage(
        of digest: Digest, progress: (Int) async throws(CancellationError) -> Void
    ) async throws -> DamagedContent? {
        guard let content = try await objects.origin.content(RegistryLayout.blob(digest)),
            try await !Self.isWhole(content, digest, progress)
        else { return nil }
        return DamagedContent(digest, content)
    }

    private static func isWhole(
        _ content: ObjectContent, _ digest: Digest, _ progress: (Int) async throws(CancellationError) -> Void
    ) async throws -> Bool {
        var hasher = DigestHasher(digest.algorithm)
        switch content {
        case .bytes(let bytes):
            hasher.update(bytes)
            try await progress(bytes.readableBytes)
        case .file(let file, let size):
            while hasher.count < size {
                guard let piece = file.bytes(at: hasher.count, count: Int(min(size - hasher.count, 1 << 20))) else {
                    return false
                }
                hasher.update(piece)
                try await progress(piece.readableBytes)
            }
        case .remote(let object):
            let body = object.body(0..<object.size)
            while let piece = try await body.next() {
                hasher.update(piece)
                try await progress(piece.readableBytes)
            }
        }
        return hasher.digest() == digest
    }

    /// Puts damaged bytes out of the way, where nobody is served from: somebody may still want to look at them.
    ///
    /// - Returns: False if they are not there any more, or others are.
    public func quarantine(_ damaged: DamagedContent) async throws(StorageError) -> Bool {
        try await replacing(damaged) { (key) async throws(StorageError) in
            try await objects.move(key, to: RegistryLayout.quarantined(damaged.digest), .durable)
        }
    }

    /// Removes damaged bytes that can be had again.
    ///
    /// - Returns: False if they are not there any more, or others are.
    public func remove(_ damaged: DamagedContent) async throws(StorageError) -> Bool {
        try await replacing(damaged) { (key) async throws(StorageError) in try await objects.delete(key) }
    }

    /// A push may have brought the right bytes while the wrong ones were read.
    private func replacing(
        _ damaged: DamagedContent, _ body: (ObjectKey) async throws(StorageError) -> Void
    ) async throws(StorageError) -> Bool {
        try await claims.alone(damaged.digest) { () async throws(StorageError) in
            let key = RegistryLayout.blob(damaged.digest)
            guard let content = try await objects.origin.content(key), damaged.isSame(as: content) else { return false }
            try await body(key)
            return true
        }
    }

    /// Writes a damaged link anew.
    ///
    /// - Returns: False if it is not damaged, or there is none any more.
    public func mendLayer(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) -> Bool {
        try await mend(RegistryLayout.layerLink(digest, in: repository), digest)
    }

    /// Writes a damaged link anew.
    ///
    /// - Returns: False if it is not damaged, or there is none any more.
    public func mendRevision(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) -> Bool {
        try await mend(RegistryLayout.revisionLink(digest, in: repository), digest)
    }

    private func mend(_ key: ObjectKey, _ digest: Digest) async throws(StorageError) -> Bool {
        guard try await state(of: key, digest) == .damaged else { return false }
        try await writeLink(key, digest, .durable)
        return true
    }

    /// Writes a link that is gone.
    public func relinkRevision(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) {
        try await writeLink(RegistryLayout.revisionLink(digest, in: repository), digest, .durable)
    }

    /// Whether it is recorded that a manifest names a subject.
    public func hasReferrer(
        _ digest: Digest, of subject: Digest, in repository: RepositoryName
    ) async throws(StorageError) -> Bool {
        try await objects.info(RegistryLayout.referrer(digest, of: subject, in: repository)) != nil
    }

    /// The bytes of a manifest, whether or not `repository` has a link to it; nil if they are not there, or damaged.
    public func manifestContent(_ digest: Digest) async throws(StorageError) -> Manifest? {
        let read: (bytes: ByteBuffer, info: ObjectInfo)?
        do throws(StorageError) {
            read = try await objects.read(RegistryLayout.blob(digest), limit: 16 << 20)
        } catch {
            guard error.code == .tooLarge else { throw error }
            return nil
        }
        guard let bytes = read?.bytes, Digest(hashing: bytes, with: digest.algorithm) == digest else { return nil }
        return try? Manifest(bytes.readableBytesView)
    }
}
