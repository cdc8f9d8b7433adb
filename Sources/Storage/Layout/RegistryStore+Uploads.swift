internal import FoundationEssentials
internal import Hashing
public import NIOCore
public import OCI

/// What the store knows of an upload session.
public struct StoredUpload: Sendable, Equatable {
    /// Bytes received.
    public let size: Int64
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
        if let checkpoint { try await setCheckpoint(checkpoint, of: id, in: repository) }
        // What distribution writes: RFC 3339 in UTC. Last, because it makes the session exist.
        let text = Date(timeIntervalSince1970: TimeInterval(time)).ISO8601Format()
        try await objects.write(
            RegistryLayout.uploadStart(id, in: repository), ByteBuffer(string: text), .cached)
    }

    /// Nil if there is no such session in `repository`.
    public func upload(_ id: UploadID, in repository: RepositoryName) async throws(StorageError) -> StoredUpload? {
        let found = try await objects.infos([
            RegistryLayout.uploadStart(id, in: repository), RegistryLayout.uploadData(id, in: repository),
            RegistryLayout.uploadCheckpoint(id, in: repository),
        ])
        guard let start = found[0] else { return nil }
        return StoredUpload(
            size: found[1]?.size ?? 0, lastActive: max(start.modified, found[1]?.modified ?? 0),
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

    /// - Throws: `StorageError.Code.conflict` if the session has not exactly `offset` bytes.
    public func append(
        _ bytes: ByteBuffer, to id: UploadID, in repository: RepositoryName, at offset: Int64
    ) async throws(StorageError) {
        try await objects.append(RegistryLayout.uploadData(id, in: repository), bytes, at: offset)
    }

    public func uploadContent(
        _ id: UploadID, in repository: RepositoryName
    ) async throws(StorageError) -> ObjectContent? {
        try await objects.content(RegistryLayout.uploadData(id, in: repository))
    }

    public func checkpoint(of id: UploadID, in repository: RepositoryName) async throws(StorageError) -> ByteBuffer? {
        try await objects.read(RegistryLayout.uploadCheckpoint(id, in: repository), limit: 4096)?.bytes
    }

    public func setCheckpoint(
        _ checkpoint: ByteBuffer, of id: UploadID, in repository: RepositoryName
    ) async throws(StorageError) {
        try await objects.write(RegistryLayout.uploadCheckpoint(id, in: repository), checkpoint, .cached)
    }

    /// Makes the verified content of a session the blob `digest`, grants it to `repository`, and ends the session.
    ///
    /// - Parameter size: Bytes of what was verified.
    /// - Throws: `StorageError.Code.absent` or `conflict` if that is not what is there.
    public func completeUpload(
        _ id: UploadID, in repository: RepositoryName, as digest: Digest, of size: Int64, _ durability: Durability
    ) async throws(StorageError) {
        let blob = RegistryLayout.blob(digest)
        // Nothing was ever sent.
        let content: ObjectChange =
            size == 0
            ? .write(blob, ByteBuffer())
            : .place(RegistryLayout.uploadData(id, in: repository), size: size, at: blob)
        try await completeUpload(id, in: repository, as: digest) {
            // It comes with its link.
        } link: { (link) async throws(StorageError) in
            try await objects.carryOut([content, link], durability)
        }
    }

    /// The same for verified content that went another way than into the session.
    public func completeUpload(
        _ id: UploadID, in repository: RepositoryName, as digest: Digest, writtenBy writer: any ObjectWriter
    ) async throws(StorageError) {
        try await completeUpload(id, in: repository, as: digest) { () async throws(StorageError) in
            try await writer.finish()
        } link: { (link) async throws(StorageError) in
            try await objects.carryOut([link], .durable)
        }
    }

    /// For a blob whose digest is known before its content; nil where that is of no use.
    public func writer(of digest: Digest) -> (any ObjectWriter)? { objects.writer(of: RegistryLayout.blob(digest)) }

    private func completeUpload(
        _ id: UploadID, in repository: RepositoryName, as digest: Digest,
        bring: () async throws(StorageError) -> Void, link: (ObjectChange) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        try await claims.claim(digest) { () async throws(StorageError) in
            let isThere = try await refer(to: .content(digest), by: .grant(digest, in: repository)) {
                () async throws(StorageError) in
                try await bring()
                return true
            } link: { () async throws(StorageError) in
                // Makes the blob visible.
                try await link(self.link(RegistryLayout.layerLink(digest, in: repository), to: digest))
            }
            guard isThere else { throw Self.removedMeanwhile(digest) }
        }
        try await endUpload(id, in: repository)
    }

    /// Removes what is known of a session that has come to its end. What else there may be is for who sweeps.
    private func endUpload(_ id: UploadID, in repository: RepositoryName) async throws(StorageError) {
        guard objects.isRemote else { return try await removeUpload(id, in: repository) }
        try await objects.delete([
            RegistryLayout.uploadStart(id, in: repository), RegistryLayout.uploadCheckpoint(id, in: repository),
            RegistryLayout.uploadData(id, in: repository),
        ])
    }

    public func removeUpload(_ id: UploadID, in repository: RepositoryName) async throws(StorageError) {
        // The start first: without it the session is gone, whatever happens to the rest.
        try await objects.delete(RegistryLayout.uploadStart(id, in: repository))
        try await objects.delete(RegistryLayout.upload(id, in: repository))
    }

    /// Removes what is left of a session that ended in the middle, or never quite began.
    ///
    /// - Parameter time: Only if nothing was written to it since, by seconds since 1970.
    /// - Returns: Whether there was such.
    public func removeRemains(
        of id: UploadID, in repository: RepositoryName, before time: Int64
    ) async throws(StorageError) -> Bool {
        guard try await remainsOfUpload(id, in: repository, before: time) else { return false }
        try await objects.delete(RegistryLayout.upload(id, in: repository))
        return true
    }

    /// Whether there is something of a session that ended in the middle, not written to since a time, in seconds since 1970.
    public func remainsOfUpload(
        _ id: UploadID, in repository: RepositoryName, before time: Int64
    ) async throws(StorageError) -> Bool {
        guard try await objects.info(RegistryLayout.uploadStart(id, in: repository)) == nil else { return false }
        let data = try await objects.info(RegistryLayout.uploadData(id, in: repository))
        let checkpoint = try await objects.info(RegistryLayout.uploadCheckpoint(id, in: repository))
        // Nothing in it: it may begin at this moment.
        guard let last = [data?.modified, checkpoint?.modified].compactMap({ $0 }).max() else { return false }
        return last < time
    }

    /// Sessions of a repository in the order of their names, those after `last`, at most `limit`.
    ///
    /// - Returns: `end` is the last name looked at, to go on from; nil when there are no more.
    public func uploads(
        of repository: RepositoryName, after last: String?, limit: Int
    ) async throws(StorageError) -> (ids: [UploadID], end: String?) {
        let names = try await objects.list(RegistryLayout.uploads(of: repository), after: last, limit: limit)
        return (names.compactMap { UploadID($0) }, names.count == limit ? names.last : nil)
    }
}
