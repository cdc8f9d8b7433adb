internal import Coordination
public import OCI
public import Storage

/// What the janitor may do to a mirror's content. Clients go on meanwhile: what they find gone is fetched again.
extension Registry {
    /// Takes a manifest from a repository that can get it again: first the tags that name it, then its place among the
    /// referrers of its subject, then the manifest.
    ///
    /// - Returns: False if it was pushed meanwhile and stays.
    public func evict(
        _ digest: Digest, subject: Digest?, tags: [Tag], in repository: RepositoryName
    ) async throws(RegistryError) -> Bool {
        let isGone = try await writers.withLock(repository) { () async throws(RegistryError) in
            try await writing { (store) async throws(StorageError) in
                guard try await !store.isKept(digest, in: repository), try await !store.isKeptWhole(repository)
                else { return false }
                for tag in tags where try await store.tag(tag, in: repository)?.digest == digest {
                    guard try await store.pushedTag(tag, in: repository) != digest else { return false }
                    try await store.removeTag(tag, in: repository)
                    forgetRecent(tag, in: repository)
                }
                if let subject { try await store.removeReferrer(digest, of: subject, in: repository) }
                try await store.removeManifest(digest, in: repository)
                return true
            }
        }
        guard isGone else { return false }
        hot.remove(HotContent.Key(repository: repository, digest: digest))
        completions.forget(BlobKey(repository: repository, digest: digest))
        return true
    }

    /// Takes back what lets a repository that can get the blob again serve it from the store.
    public func evictGrant(_ digest: Digest, in repository: RepositoryName) async throws(RegistryError) {
        try await writers.withLock(repository) { () async throws(RegistryError) in
            try await writing { (store) async throws(StorageError) in
                try await store.removeGrant(digest, in: repository)
            }
        }
        hot.remove(HotContent.Key(repository: repository, digest: digest))
    }

    /// Its store, with the claims on what is in it.
    public var janitorStore: RegistryStore { store }

    /// Bytes of blobs that fills have brought since the start; never shrinks.
    public var filledBytes: Int64 { fills.storedBytes }
}
