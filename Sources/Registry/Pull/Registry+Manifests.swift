internal import NIOCore
public import OCI
public import Storage

extension Registry {
    /// A manifest by tag or digest. HEAD and GET are nearly the same here: a manifest is small, and who asks for its head
    /// asks for the rest next. But only who gets it is about to pull the image.
    public func manifest(
        _ repository: Repository, _ reference: Reference, isHead: Bool = false
    ) async throws(RegistryError) -> Served<StoredManifest> {
        // Who had to be let in first gets from memory what anybody gets: without this each of them reads the tag's file.
        if let served = manifestAtOnce(repository, reference, isHead: isHead) { return served }
        let served: Served<StoredManifest>
        let isHot: Bool
        do throws(RegistryError) {
            let found =
                switch reference {
                case .digest(let digest): try await manifest(repository, digest)
                case .tag(let tag): try await manifest(repository, tag)
                }
            (served, isHot) = found
        } catch {
            throw await toldOffline(error, repository, reference)
        }
        if !isHead { recordPull(repository, reference, served.content.digest) }
        if !isHot { completeLater(repository, served.content.digest, fetches: !isHead) }
        return served
    }

    private func manifest(
        _ repository: Repository, _ digest: Digest
    ) async throws(RegistryError) -> (Served<StoredManifest>, isHot: Bool) {
        if let held = try await heldManifest(repository, digest) {
            try await checkPullable(held.manifest, repository)
            return (Served(held.manifest, .hit), held.isHot)
        }
        guard !repository.namespace.isLocal else { throw .unknownManifest(.digest(digest), repository) }
        return (try await fetch(repository, .digest(digest), held: nil), false)
    }

    private func manifest(
        _ repository: Repository, _ tag: Tag
    ) async throws(RegistryError) -> (Served<StoredManifest>, isHot: Bool) {
        let (record, found) = try await heldTag(repository, tag)
        if repository.namespace.isLocal {
            guard let held = found else { throw .unknownManifest(.tag(tag), repository) }
            return (Served(held.manifest, .hit), held.isHot)
        }
        guard let record, var held = found else { return (try await fetch(repository, .tag(tag), held: nil), false) }
        if try await isPushed(repository, tag, record.digest) { return (Served(held.manifest, .hit), held.isHot) }
        let freshness = repository.namespace.freshness
        let age = now() - record.checked
        held.age = max(age, 0)
        let verdict = freshness.verdict(on: tag, age: age)
        guard verdict == .fresh || (verdict == .stale && !repository.namespace.isOffline) else {
            return (try await fetch(repository, .tag(tag), held: held), false)
        }
        try await checkPullable(held.manifest, repository)
        if verdict == .fresh { return (Served(held.manifest, .hit, age: held.age), held.isHot) }
        let key = ManifestKey(repository: repository.name, reference: .tag(tag))
        manifestFetches.begin(unlessRunning: key) { [held] () async throws(RegistryError) in
            try await refresh(repository, .tag(tag), held: held)
        }
        return (Served(held.manifest, CacheStatus(timeToLive: freshness.tagTTL - age), age: held.age), held.isHot)
    }

    /// A manifest's bytes as the store has them; nil if it has not.
    public func content(of manifest: StoredManifest) async -> ObjectContent? {
        try? await store.blob(manifest.digest)
    }

    func heldManifest(
        _ repository: Repository, _ digest: Digest
    ) async throws(RegistryError) -> HeldManifest? {
        let key = HotContent.Key(repository: repository.name, digest: digest)
        if case .manifest(let manifest)? = hot.entry(key) { return HeldManifest(manifest: manifest, isHot: true) }
        let removals = hot.removals
        let manifest = try await stored { (store) async throws(StorageError) in
            try await store.manifest(digest, in: repository.name)
        }
        guard let manifest else { return nil }
        hot.insert(.manifest(manifest), key, since: removals)
        if !repository.namespace.isLocal, let content = try? Manifest(manifest.bytes.readableBytesView) {
            sizes.note(content, in: repository.name)
        }
        return HeldManifest(manifest: manifest)
    }
}
