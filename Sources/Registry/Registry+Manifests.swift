internal import Hashing
internal import Logging
internal import Metrics
internal import NIOCore
public import OCI
public import Storage
internal import Upstream

/// A manifest as a fetch left it, for all who waited for it.
struct FetchedManifest: Sendable {
    let manifest: StoredManifest
    let isStored: Bool
    /// Set where the upstream failed and what was held is served in its stead.
    var warning: String?
}

extension Registry {
    /// A manifest by tag or digest. HEAD and GET are the same here: a manifest is small, and who asks for its head asks
    /// for the rest next.
    public func manifest(
        _ repository: Repository, _ reference: Reference
    ) async throws(RegistryError) -> Served<StoredManifest> {
        switch reference {
        case .digest(let digest): try await manifest(repository, digest)
        case .tag(let tag): try await manifest(repository, tag)
        }
    }

    private func manifest(
        _ repository: Repository, _ digest: Digest
    ) async throws(RegistryError) -> Served<StoredManifest> {
        if let held = try await heldManifest(repository, digest) { return Served(held, .hit) }
        guard !repository.namespace.isLocal else { throw .unknownManifest(.digest(digest), repository) }
        return try await fetch(repository, .digest(digest), held: nil)
    }

    private func manifest(_ repository: Repository, _ tag: Tag) async throws(RegistryError) -> Served<StoredManifest> {
        let (record, held) = try await heldTag(repository, tag)
        if repository.namespace.isLocal {
            guard let held else { throw .unknownManifest(.tag(tag), repository) }
            return Served(held, .hit)
        }
        if let record, let held, try await isPushed(repository, tag, record.digest) { return Served(held, .hit) }
        // A clock that was set back must not make a tag fresh for ever.
        if let record, let held, (0..<repository.namespace.tagTTL).contains(now() - record.checked) {
            return Served(held, .hit)
        }
        return try await fetch(repository, .tag(tag), held: held)
    }

    /// Asks the upstream, once for all who want the same.
    private func fetch(
        _ repository: Repository, _ reference: Reference, held: StoredManifest?
    ) async throws(RegistryError) -> Served<StoredManifest> {
        let key = ManifestKey(repository: repository.name, reference: reference)
        let (fetched, isCollapsed) = try await manifestFetches.value(key) { () async throws(RegistryError) in
            try await refresh(repository, reference, held: held)
        }
        let status = CacheStatus(
            forward: held == nil ? .miss : .stale, isStored: fetched.isStored, isCollapsed: isCollapsed)
        return Served(fetched.manifest, status, warning: fetched.warning)
    }

    private func refresh(
        _ repository: Repository, _ reference: Reference, held: StoredManifest?
    ) async throws(RegistryError) -> FetchedManifest {
        let answer: UpstreamManifest?
        let upstream: any UpstreamRegistry
        do throws(UpstreamList.Verdict) {
            (answer, upstream) = try await upstreams(repository).first { (upstream) async throws(UpstreamError) in
                try await current(upstream, repository, reference, held)
            }
        } catch {
            switch (error.meaning, held, reference) {
            case (.failed, let held?, _):
                logger.notice(
                    "serving a held manifest since no upstream answers",
                    metadata: [
                        "repository": "\(repository.name)", "reference": "\(reference)", "error": "\(error.decisive)",
                    ])
                Counter(label: "entrepot_stale_manifests_total").increment()
                return FetchedManifest(
                    manifest: held, isStored: false, warning: "served from the cache: \(error.decisive.message)")
            case (.absent, _?, .tag(let tag)):
                try await forgetUpstreamTag(repository, tag)
            default:
                break
            }
            throw RegistryError(error, absent: .manifestUnknown)
        }
        return try await keep(answer, from: upstream, repository, reference, held)
    }

    /// What one upstream has under the reference; nil if it is what is held already, which costs a HEAD only.
    private func current(
        _ upstream: any UpstreamRegistry, _ repository: Repository, _ reference: Reference, _ held: StoredManifest?
    ) async throws(UpstreamError) -> UpstreamManifest? {
        if let held {
            let head = try await upstream.headManifest(repository.remoteName, reference)
            if head.digest == held.digest { return nil }
        }
        let manifest = try await upstream.manifest(repository.remoteName, reference)
        let algorithm: Digest.Algorithm = if case .digest(let asked) = reference { asked.algorithm } else { .sha256 }
        let actual = Digest(hashing: manifest.bytes, with: algorithm)
        if case .digest(let asked) = reference, asked != actual {
            Counter(label: "entrepot_wrong_manifests_total").increment()
            throw UpstreamError(.invalidResponse, "\(upstream.name) sent a manifest that is not \(asked)")
        }
        if let claimed = manifest.digest, claimed.algorithm == algorithm, claimed != actual {
            Counter(label: "entrepot_wrong_manifests_total").increment()
            throw UpstreamError(.invalidResponse, "\(upstream.name) sent a manifest that is not what its header says")
        }
        do throws(Manifest.Invalid) {
            _ = try Manifest(manifest.bytes.readableBytesView)
        } catch {
            throw UpstreamError(.invalidResponse, "\(upstream.name) sent no manifest: \(error)")
        }
        return manifest
    }

    private func keep(
        _ fetched: UpstreamManifest?, from upstream: any UpstreamRegistry, _ repository: Repository,
        _ reference: Reference, _ held: StoredManifest?
    ) async throws(RegistryError) -> FetchedManifest {
        let manifest: StoredManifest
        if let fetched, let content = try? Manifest(fetched.bytes.readableBytesView) {
            let algorithm: Digest.Algorithm =
                if case .digest(let asked) = reference { asked.algorithm } else { .sha256 }
            let type = fetched.mediaType ?? content.mediaType
            manifest = StoredManifest(
                digest: Digest(hashing: fetched.bytes, with: algorithm), mediaType: type, bytes: fetched.bytes)
            try await stored { (store) async throws(StorageError) in
                try await store.put(manifest, declared: content.mediaType, in: repository.name, .cached)
                if let subject = content.subject {
                    try await store.addReferrer(
                        Descriptor(manifest, content), of: subject.digest, in: repository.name, .cached)
                }
            }
        } else if let held {
            manifest = held
        } else {
            throw .badUpstream("\(upstream.name) sent no manifest")
        }
        if case .tag(let tag) = reference {
            try await keepUpstreamTag(repository, tag, manifest.digest)
        }
        return FetchedManifest(manifest: manifest, isStored: fetched != nil)
    }

    func heldManifest(
        _ repository: Repository, _ digest: Digest
    ) async throws(RegistryError) -> StoredManifest? {
        let key = HotContent.Key(repository: repository.name, digest: digest)
        if case .manifest(let manifest)? = hot.entry(key) { return manifest }
        let removals = hot.removals
        let manifest = try await stored { (store) async throws(StorageError) in
            try await store.manifest(digest, in: repository.name)
        }
        if let manifest { hot.insert(.manifest(manifest), key, since: removals) }
        return manifest
    }
}

extension RegistryError {
    static func unknownManifest(_ reference: Reference, _ repository: Repository) -> RegistryError {
        RegistryError(.manifestUnknown, "the repository \(repository.name) does not hold the manifest \(reference)")
    }
}

extension Descriptor {
    /// As a referrers index describes a manifest: without an `artifactType` of its own an image has its
    /// configuration's media type (distribution specification, "Listing Referrers").
    init(_ manifest: StoredManifest, _ content: Manifest) {
        self.init(
            mediaType: manifest.mediaType, digest: manifest.digest, size: Int64(manifest.bytes.readableBytes),
            artifactType: content.artifactType ?? content.config?.mediaType.value, annotations: content.annotations)
    }
}
