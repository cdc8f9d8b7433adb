internal import Coordination
internal import NIOCore
public import OCI
public import Storage

extension Registry {
    /// Runs `body` while no client changes tags and manifests of `repository`.
    public func repairing<Value: Sendable>(
        _ repository: RepositoryName, _ body: (RegistryStore) async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        try await writers.withLock(repository) { () async throws(StorageError) in try await body(store) }
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
