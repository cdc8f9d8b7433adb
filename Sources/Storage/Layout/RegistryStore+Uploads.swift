internal import FoundationEssentials
internal import Hashing
public import NIOCore
public import OCI

/// What the store knows of an upload session.
public struct StoredUpload: Sendable, Equatable {
    /// Bytes received.
    public let size: Int64
    /// What it consists of.
    public let growth: Growth
    /// Seconds since 1970: when bytes last arrived, or the session began.
    public let lastActive: Int64
    /// Whether it is kept how far the content is hashed.
    public let hasCheckpoint: Bool
}

extension RegistryStore {
    /// Begins an upload session.
    ///
    /// - Parameters:
    ///   - time: Seconds since 1970.
    ///   - checkpoint: Where hashing begins; nil for the usual algorithm.
    public func beginUpload(
        _ id: UploadID, in repository: RepositoryName, at time: Int64, checkpoint: ByteBuffer?
    ) async throws(StorageError) {
        if let checkpoint {
            let nothing = UploadCheckpoint(hash: checkpoint, stamp: GrownObject.nothing.stamp ?? "")
            try await setCheckpoint(nothing, of: id, in: repository)
        }
        let keys = keys(of: id, in: repository)
        // Last, because it makes the session exist.
        guard objects.isRemote else {
            _ = try await objects.append(keys.data, ByteBuffer(), to: .nothing)
            return
        }
        // What distribution writes: RFC 3339 in UTC.
        let text = Date(timeIntervalSince1970: TimeInterval(time)).ISO8601Format()
        try await objects.write(keys.start, ByteBuffer(string: text), .cached)
    }

    private func keys(of id: UploadID, in repository: RepositoryName) -> UploadKeys {
        UploadKeys(id, in: repository, isRemote: objects.isRemote)
    }

    /// Nil if there is no such session in `repository`.
    public func upload(_ id: UploadID, in repository: RepositoryName) async throws(StorageError) -> StoredUpload? {
        let keys = keys(of: id, in: repository)
        let found = try await objects.infos([keys.start, keys.data, keys.checkpoint])
        guard let start = found[0] else { return nil }
        return StoredUpload(
            size: found[1]?.size ?? 0, growth: found[1]?.growth ?? .pieces([]),
            lastActive: max(start.modified, found.compactMap { $0?.modified }.max() ?? 0),
            hasCheckpoint: found[2] != nil)
    }

    /// Removes what processes that died have left where no key shows it, from before a time, in seconds since 1970.
    ///
    /// - Parameter isDry: Only counts it.
    /// - Returns: How much there was.
    public func sweep(before time: Int64, isDry: Bool = false) async throws(StorageError) -> Int {
        try await objects.sweep(before: time, isDry: isDry)
    }

    /// Whether content goes over a network.
    public var isRemote: Bool { objects.isRemote }

    /// Bytes at a time that uploads should grow by, where there are so many.
    public var appendSize: Int { objects.appendSize }

    /// - Returns: What the session has now.
    /// - Throws: `StorageError.Code.conflict` if it has not exactly `known`.
    public func append(
        _ bytes: ByteBuffer, to id: UploadID, in repository: RepositoryName, after known: GrownObject
    ) async throws(StorageError) -> GrownObject {
        try await objects.append(keys(of: id, in: repository).data, bytes, to: known)
    }

    public func uploadContent(
        _ id: UploadID, in repository: RepositoryName
    ) async throws(StorageError) -> GrownContent? {
        try await objects.grownContent(keys(of: id, in: repository).data)
    }

    public func checkpoint(
        of id: UploadID, in repository: RepositoryName
    ) async throws(StorageError) -> UploadCheckpoint? {
        try await objects.read(keys(of: id, in: repository).checkpoint, limit: 4096).map { UploadCheckpoint($0.bytes) }
    }

    public func setCheckpoint(
        _ checkpoint: UploadCheckpoint, of id: UploadID, in repository: RepositoryName
    ) async throws(StorageError) {
        try await objects.write(keys(of: id, in: repository).checkpoint, checkpoint.bytes, .cached)
    }

    /// Makes the verified content of a session the blob `digest`, grants it to `repository`, and ends the session.
    ///
    /// - Parameter known: What was verified.
    /// - Throws: `StorageError.Code.absent` or `conflict` if that is not what is there.
    public func completeUpload(
        _ id: UploadID, in repository: RepositoryName, as digest: Digest, of known: GrownObject,
        _ durability: Durability
    ) async throws(StorageError) {
        let blob = RegistryLayout.blob(digest)
        // Nothing was ever sent.
        let content: ObjectChange =
            known.size == 0
            ? .write(blob, ByteBuffer())
            : .place(keys(of: id, in: repository).data, known, at: blob)
        _ = try await completeUpload(id, in: repository, as: digest, of: known.size) {
            // It comes with its link.
        } link: { (isHeld, link) async throws(StorageError) in
            try await objects.carryOut(isHeld ? [link] : [content, link], durability)
        }
    }

    /// The same for verified content that went another way than into the session.
    ///
    /// - Parameter size: Bytes of it.
    public func completeUpload(
        _ id: UploadID, in repository: RepositoryName, as digest: Digest, of size: Int64,
        writtenBy writer: any ObjectWriter
    ) async throws(StorageError) {
        let wasHeld = try await completeUpload(id, in: repository, as: digest, of: size) {
            () async throws(StorageError) in
            try await writer.finish()
        } link: { (_, link) async throws(StorageError) in
            try await objects.carryOut([link], .durable)
        }
        if wasHeld { await writer.giveUp() }
    }

    /// For a blob whose digest is known before its content; nil where that is of no use.
    public func writer(of digest: Digest) -> (any ObjectWriter)? { objects.writer(of: RegistryLayout.blob(digest)) }

    /// - Returns: Whether the blob was there before, and nothing was brought.
    private func completeUpload(
        _ id: UploadID, in repository: RepositoryName, as digest: Digest, of size: Int64,
        bring: () async throws(StorageError) -> Void,
        link: (_ isHeld: Bool, _ change: ObjectChange) async throws(StorageError) -> Void
    ) async throws(StorageError) -> Bool {
        let wasHeld = try await claims.claim(digest) { () async throws(StorageError) in
            // What is held can be removed while the link to it is made. Then it is brought after all.
            for mayBeHeld in [true, false] {
                var isHeld = false
                let isThere = try await refer(to: .content(digest), by: .grant(digest, in: repository)) {
                    () async throws(StorageError) in
                    // Nothing visible is ever modified, whoever says that he has the same.
                    isHeld = mayBeHeld ? try await holds(digest, of: size) : false
                    if !isHeld { try await bring() }
                    return true
                } link: { () async throws(StorageError) in
                    // Makes the blob visible.
                    try await link(isHeld, self.link(RegistryLayout.layerLink(digest, in: repository), to: digest))
                }
                if isThere { return isHeld }
                guard isHeld else { break }
            }
            throw Self.removedMeanwhile(digest)
        }
        try await endUpload(id, in: repository)
        return wasHeld
    }

    /// Whether the bytes of a digest are there for good. What is shorter, or longer, was damaged.
    private func holds(_ digest: Digest, of size: Int64) async throws(StorageError) -> Bool {
        let blob = RegistryLayout.blob(digest)
        guard try await objects.info(blob)?.size == size else { return false }
        // They may have come as a cache's content, which a power loss may take.
        return objects.isRemote ? true : try await objects.settle(blob)
    }

    /// Removes what is known of a session that has come to its end. What else there may be is for who sweeps.
    private func endUpload(_ id: UploadID, in repository: RepositoryName) async throws(StorageError) {
        try await objects.delete(keys(of: id, in: repository).all)
    }

    public func removeUpload(_ id: UploadID, in repository: RepositoryName) async throws(StorageError) {
        // The start first: without it the session is gone, whatever happens to the rest.
        if objects.isRemote { try await objects.delete(keys(of: id, in: repository).start) }
        try await removePlace(of: id, in: repository)
    }

    /// With everything that lies there, in whatever form.
    private func removePlace(of id: UploadID, in repository: RepositoryName) async throws(StorageError) {
        try await objects.delete(RegistryLayout.upload(id, in: repository))
        if !objects.isRemote { try await objects.delete(RegistryLayout.checkpoint(of: id, in: repository)) }
    }

    /// Removes what is left of a session that ended in the middle, or never quite began.
    ///
    /// - Parameter time: Only if nothing was written to it since, by seconds since 1970.
    /// - Returns: Whether there was such.
    public func removeRemains(
        of id: UploadID, in repository: RepositoryName, before time: Int64
    ) async throws(StorageError) -> Bool {
        guard try await remainsOfUpload(id, in: repository, before: time) else { return false }
        try await removePlace(of: id, in: repository)
        return true
    }

    /// Whether there is something of a session that ended in the middle, not written to since a time, in seconds since 1970.
    public func remainsOfUpload(
        _ id: UploadID, in repository: RepositoryName, before time: Int64
    ) async throws(StorageError) -> Bool {
        let keys = keys(of: id, in: repository)
        guard try await objects.info(keys.start) == nil else { return false }
        // A folder where ours are files is one of distribution's, which forgets those that broke off.
        let folder = UploadKeys(id, in: repository, isRemote: true)
        var last: Int64?
        for key in [keys.checkpoint, folder.start, folder.data] {
            if let info = try await objects.info(key) { last = max(last ?? .min, info.modified) }
        }
        // Nothing in it: it may begin at this moment.
        return last.map { $0 < time } ?? false
    }

    /// Sessions of a repository in the order of their names, those after `last`, at most `limit`.
    ///
    /// - Returns: `end` is the last name looked at, to go on from; nil when there are no more.
    public func uploads(
        of repository: RepositoryName, after last: String?, limit: Int
    ) async throws(StorageError) -> (ids: [UploadID], end: String?) {
        let names = try await objects.list(RegistryLayout.uploads(of: repository), after: last, limit: limit)
        var ids: [UploadID] = []
        // A session and its checkpoint are neighbours.
        for id in names.lazy.compactMap({ RegistryLayout.uploadID($0) }) where ids.last != id { ids.append(id) }
        return (ids, names.count == limit ? names.last : nil)
    }
}
