internal import Coordination
internal import Hashing
public import NIOCore
public import OCI
internal import Storage

extension Registry {
    /// How many repositories are asked for a blob that is to be mounted from wherever it is.
    private static let mountWalk = 1000

    /// end-4a, end-4c
    public func startUpload(
        _ repository: Repository, _ id: UploadID = UploadID(), algorithm: Digest.Algorithm = .sha256
    ) async throws(RegistryError) -> UploadStatus {
        try repository.checkWritable()
        return try await uploads.begin(Uploads.Key(repository: repository.name, id: id), algorithm)
    }

    /// end-13
    public func uploadStatus(_ repository: Repository, _ id: UploadID) async throws(RegistryError) -> UploadStatus {
        try repository.checkWritable()
        return try await uploads.status(Uploads.Key(repository: repository.name, id: id))
    }

    /// end-14
    public func cancelUpload(_ repository: Repository, _ id: UploadID) async throws(RegistryError) {
        try repository.checkWritable()
        try await uploads.cancel(Uploads.Key(repository: repository.name, id: id))
    }

    /// end-5
    public func appendToUpload(
        _ repository: Repository, _ id: UploadID, _ part: UploadPart,
        from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) -> UploadOutcome {
        try repository.checkWritable()
        return try await uploads.append(Uploads.Key(repository: repository.name, id: id), part, from: next)
    }

    /// end-6
    public func completeUpload(
        _ repository: Repository, _ id: UploadID, as digest: Digest, _ part: UploadPart,
        from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) -> UploadOutcome {
        try repository.checkWritable()
        return try await uploads.complete(
            Uploads.Key(repository: repository.name, id: id), as: digest, part, from: next)
    }

    /// end-4b: a blob in one request. If it fails there is no session to go on with.
    public func putBlob(
        _ repository: Repository, _ digest: Digest, length: Int64?,
        from next: () async throws(RegistryError) -> ByteBuffer?
    ) async throws(RegistryError) {
        let id = try await startUpload(repository, algorithm: digest.algorithm).id
        do throws(RegistryError) {
            _ = try await completeUpload(repository, id, as: digest, UploadPart(length: length), from: next)
        } catch {
            try? await cancelUpload(repository, id)
            throw error
        }
    }

    /// end-11: lets `repository` have a blob that another repository holds.
    ///
    /// - Parameters:
    ///   - source: Nil for any local repository.
    ///   - mayPull: Without a source, only these are looked at.
    /// - Returns: Whether it has the blob now.
    public func mountBlob(
        _ repository: Repository, _ digest: Digest, from source: Repository?, among namespaces: Namespaces,
        where mayPull: @escaping @Sendable (Repository) -> Bool = { _ in true }
    ) async throws(RegistryError) -> Bool {
        try repository.checkWritable()
        return try await background.carryOut { () async throws(RegistryError) in
            try await self.uploads.room.making(0) { () async throws(RegistryError) in
                try await self.mount(repository, digest, from: source, among: namespaces, where: mayPull)
            }
        }
    }

    private func mount(
        _ repository: Repository, _ digest: Digest, from source: Repository?, among namespaces: Namespaces,
        where mayPull: @Sendable (Repository) -> Bool
    ) async throws(RegistryError) -> Bool {
        try await writing { (store) async throws(StorageError) in
            guard try await store.blobInfo(digest) != nil else { return false }
            if let source {
                guard try await store.isGranted(digest, in: source.name) else { return false }
            } else {
                var asked = 0
                let found = try await store.repositories(limit: 1, budget: Self.mountWalk) {
                    (name) async throws(StorageError) in
                    // Bytes that came from an upstream are for those it vouches to.
                    guard asked < Self.mountWalk, let candidate = try? namespaces.repository(name),
                        candidate.name == name, candidate.namespace.isLocal, mayPull(candidate)
                    else { return false }
                    asked += 1
                    return try await store.isGranted(digest, in: name)
                }
                guard !found.names.isEmpty else { return false }
            }
            return try await store.mount(digest, in: repository.name)
        }
    }

    /// end-10: takes the blob from this repository, and from no other.
    public func deleteBlob(_ repository: Repository, _ digest: Digest) async throws(RegistryError) {
        try repository.checkWritable()
        try await background.carryOut { () async throws(RegistryError) in
            try await self.writers.withLock(repository.name) { () async throws(RegistryError) in
                let isHeld = try await self.writing { (store) async throws(StorageError) in
                    guard try await store.isGranted(digest, in: repository.name) else { return false }
                    try await store.removeGrant(digest, in: repository.name)
                    return true
                }
                self.hot.remove(HotContent.Key(repository: repository.name, digest: digest))
                guard isHeld else { throw .unknownBlob(digest, repository) }
            }
        }
    }

    /// Translates what the store throws where something was to be written.
    func writing<Value>(
        _ ask: (RegistryStore) async throws(StorageError) -> Value
    ) async throws(RegistryError) -> Value {
        do throws(StorageError) {
            return try await ask(store)
        } catch {
            throw RegistryError(writing: error)
        }
    }
}
