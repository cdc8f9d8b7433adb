internal import Coordination
internal import NIOCore
public import OCI
public import Storage
internal import Upstream

extension Registry {
    /// Runs `body` while no client changes tags and manifests of `repository`.
    public func repairing<Value: Sendable>(
        _ repository: RepositoryName, _ body: (RegistryStore) async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await writers.withLock(repository) { () async throws(StorageError) in try await body(store) }
    }

    /// Has an upstream give again what a repository has a link to and what was damaged.
    ///
    /// - Returns: Whether it is stored now; false if the repository has no link to it.
    public func refetch(_ digest: Digest, in repository: Repository) async throws(RegistryError) -> Bool {
        let (isManifest, isBlob) = try await stored { (store) async throws(StorageError) in
            (
                try await store.hasManifest(digest, in: repository.name),
                try await store.isGranted(digest, in: repository.name)
            )
        }
        if isManifest {
            _ = try await manifest(repository, .digest(digest))
        } else if isBlob {
            try await reader(repository, digest, .background).0?.finish()
        } else {
            return false
        }
        return try await stored { (store) async throws(StorageError) in try await store.blobInfo(digest) != nil }
    }

    /// Records that a held manifest names `subject`, as a push does.
    public func recordReferrer(
        _ digest: Digest, of subject: Digest, in repository: RepositoryName
    ) async throws(StorageError) {
        try await writers.withLock(repository) { () async throws(StorageError) in
            guard let manifest = try await store.manifest(digest, in: repository),
                let content = try? Manifest.relayed(manifest.bytes.readableBytesView, besides: manifest.mediaType)
            else { return }
            try await store.addReferrer(Descriptor(manifest, content), of: subject, in: repository, .durable)
        }
    }
}
