internal import OCI
internal import Storage
internal import Upstream

/// What a pushed manifest is refused for: ``PushRules`` and immutable tags.
extension Registry {
    /// What is to be kept to when the tag is pointed at `digest`.
    func checkMutable(
        _ repository: Repository, _ tag: Tag, _ digest: Digest
    ) async throws(RegistryError) -> TagMove {
        guard repository.namespace.freshness.isImmutable(tag) else {
            return TagMove(tag: tag, isConditional: false, named: nil)
        }
        let (record, manifest) = try await heldTag(repository, tag)
        guard let record, manifest != nil, record.digest != digest else {
            return TagMove(tag: tag, isConditional: true, named: record?.digest)
        }
        throw .immutable(tag, naming: record.digest)
    }

    /// What a client will fetch next must be there.
    ///
    /// - Parameter unlinked: Those of the blobs, and of what an index names, that the repository has no link to as to blobs.
    func checkReferences(
        _ repository: Repository, _ content: Manifest, _ blobs: Set<Digest>, _ unlinked: Set<Digest>
    ) async throws(RegistryError) {
        let mayBeMissing = repository.namespace.pushes.missingReferences
        guard mayBeMissing != .anywhere else { return }
        for digest in blobs {
            let isThere = try await has(repository, blob: digest, isLinked: !unlinked.contains(digest))
            guard isThere else { throw .missing("blob", digest, repository) }
        }
        guard mayBeMissing == .none else { return }
        for digest in Set(content.manifests.map(\.digest)) {
            // What an index names may be a blob: the cache of BuildKit is made of such.
            let isLinked = !unlinked.contains(digest)
            if isLinked, try await has(repository, blob: digest, isLinked: true) { continue }
            if try await has(repository, manifest: digest) { continue }
            if !isLinked, try await has(repository, blob: digest, isLinked: false) { continue }
            throw .missing("manifest", digest, repository)
        }
    }

    private func has(
        _ repository: Repository, blob digest: Digest, isLinked: Bool
    ) async throws(RegistryError) -> Bool {
        let isHeld = try await writing { (store) async throws(StorageError) in
            guard isLinked else { return false }
            if store.isRemote, uploads.pushed.size(digest, in: repository.name) != nil { return true }
            return try await store.blobInfo(digest) != nil
        }
        if isHeld || repository.namespace.isLocal { return isHeld }
        return try await Self.exists { () async throws(RegistryError) in
            _ = try await blobHead(repository, digest)
        }
    }

    func has(_ repository: Repository, manifest digest: Digest) async throws(RegistryError) -> Bool {
        let isHeld = try await writing { (store) async throws(StorageError) in
            try await store.hasManifest(digest, in: repository.name)
        }
        if isHeld || repository.namespace.isLocal { return isHeld }
        return try await Self.exists { () async throws(RegistryError) in
            _ = try await manifest(repository, .digest(digest))
        }
    }

    /// Whether an upstream has it; its other failures are not taken for a no.
    private static func exists(_ ask: () async throws(RegistryError) -> Void) async throws(RegistryError) -> Bool {
        do throws(RegistryError) {
            try await ask()
            return true
        } catch {
            guard error.status == 404 else { throw error }
            return false
        }
    }
}
