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

/// A manifest that is in the store, or was a moment ago.
struct HeldManifest: Sendable {
    let manifest: StoredManifest
    /// Read from memory: it was read from the store a moment ago.
    var isHot = false
    /// Seconds since an upstream last said that the tag names it; nil where it was asked for by digest.
    var age: Int64?
}

extension Registry {
    /// A manifest by tag or digest. HEAD and GET are nearly the same here: a manifest is small, and who asks for its head
    /// asks for the rest next. But only who gets it is about to pull the image.
    public func manifest(
        _ repository: Repository, _ reference: Reference, isHead: Bool = false
    ) async throws(RegistryError) -> Served<StoredManifest> {
        let (served, isHot) =
            switch reference {
            case .digest(let digest): try await manifest(repository, digest)
            case .tag(let tag): try await manifest(repository, tag)
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
        // A clock that was set back must not make a tag fresh for ever.
        let age = now() - record.checked
        held.age = max(age, 0)
        if (0..<freshness.tagTTL).contains(age) || freshness.isImmutable(tag) {
            try await checkPullable(held.manifest, repository)
            return (Served(held.manifest, .hit, age: held.age), held.isHot)
        }
        if (freshness.tagTTL..<freshness.tagTTL + freshness.staleWhileRevalidate).contains(age),
            !repository.namespace.isOffline
        {
            try await checkPullable(held.manifest, repository)
            let key = ManifestKey(repository: repository.name, reference: .tag(tag))
            manifestFetches.begin(unlessRunning: key) { [held] () async throws(RegistryError) in
                try await refresh(repository, .tag(tag), held: held)
            }
            return (
                Served(held.manifest, CacheStatus(timeToLive: freshness.tagTTL - age), age: held.age), held.isHot
            )
        }
        return (try await fetch(repository, .tag(tag), held: held), false)
    }

    /// The tag as the upstream has it now, however fresh it is here.
    func renew(_ repository: Repository, _ tag: Tag) async throws(RegistryError) -> Served<StoredManifest> {
        let (record, found) = try await heldTag(repository, tag)
        var held = found
        if let record, let held, try await isPushed(repository, tag, record.digest) {
            return Served(held.manifest, .hit)
        }
        if let record { held?.age = max(now() - record.checked, 0) }
        return try await fetch(repository, .tag(tag), held: held)
    }

    /// Asks the upstream, once for all who want the same.
    private func fetch(
        _ repository: Repository, _ reference: Reference, held: HeldManifest?
    ) async throws(RegistryError) -> Served<StoredManifest> {
        let key = ManifestKey(repository: repository.name, reference: reference)
        let lifetime = repository.namespace.freshness.negativeTTL
        if held == nil, let error = absent.error(key, now: now(), lifetime: lifetime) { throw error }
        let (fetched, isCollapsed) = try await manifestFetches.value(key) { () async throws(RegistryError) in
            try await refresh(repository, reference, held: held)
        }
        let status = CacheStatus(
            forward: held == nil ? .miss : .stale, isStored: fetched.isStored, isCollapsed: isCollapsed)
        return Served(
            fetched.manifest, status, warning: fetched.warning, age: fetched.warning == nil ? nil : held?.age)
    }

    private func refresh(
        _ repository: Repository, _ reference: Reference, held: HeldManifest?
    ) async throws(RegistryError) -> FetchedManifest {
        let answer: UpstreamManifest?
        let upstream: any UpstreamRegistry
        let allowsStale = held.map { mayBeStale($0, repository) } ?? false
        do throws(UpstreamList.Verdict) {
            (answer, upstream) = try await newest(repository, reference, held, allowsStale)
        } catch {
            return try await instead(of: error, repository, reference, held, allowsStale)
        }
        return try await keep(answer, from: upstream, repository, reference, held?.manifest)
    }

    /// What the upstreams have; nil if it is what is held. Where there is no memory for it now they are asked again when
    /// there is: nobody is kept waiting with an answer half read.
    private func newest(
        _ repository: Repository, _ reference: Reference, _ held: HeldManifest?, _ allowsStale: Bool
    ) async throws(UpstreamList.Verdict) -> (UpstreamManifest?, any UpstreamRegistry) {
        do throws(UpstreamList.Verdict) {
            return try await newest(repository, reference, held, allowsStale, room: nil)
        } catch {
            guard let missing = error.decisive.cause as? NoRoom,
                let share = await manifestRoom.reserve(missing.bytes, patience: ByteBudget.patience)
            else { throw error }
            return try await newest(repository, reference, held, allowsStale, room: share)
        }
    }

    private func newest(
        _ repository: Repository, _ reference: Reference, _ held: HeldManifest?, _ allowsStale: Bool,
        room: ByteBudget.Share?
    ) async throws(UpstreamList.Verdict) -> (UpstreamManifest?, any UpstreamRegistry) {
        let (answer, upstream, _) = try await upstreams(repository).first(.question) {
            (upstream) async throws(UpstreamError) in
            // What is left of a budget is for content that is not here yet.
            if allowsStale, upstream.budget?.isLow(now: now()) == true {
                throw UpstreamError(
                    .rateLimited(retryAfter: nil), "\(upstream.name) allows few more requests, which are kept back")
            }
            return try await current(room.map(upstream.granted) ?? upstream, repository, reference, held?.manifest)
        }
        return (answer, upstream)
    }

    /// What is served when no upstream gave the manifest.
    private func instead(
        of verdict: UpstreamList.Verdict, _ repository: Repository, _ reference: Reference, _ held: HeldManifest?,
        _ allowsStale: Bool
    ) async throws(RegistryError) -> FetchedManifest {
        let error = RegistryError(verdict, absent: .manifestUnknown)
        switch (verdict.meaning, held) {
        case (.failed, let held?) where allowsStale,
            (.denied, let held?) where repository.namespace.freshness.servesOnDenied:
            if let missing = try await missingPart(of: held.manifest, repository) {
                throw RegistryError.incomplete(missing, because: error)
            }
            logger.notice(
                "serving a held manifest since no upstream gives one",
                metadata: [
                    "repository": "\(repository.name)", "reference": "\(reference)", "error": "\(verdict.decisive)",
                ])
            Counter(label: "entrepot_stale_manifests_total").increment()
            return FetchedManifest(
                manifest: held.manifest, isStored: false, warning: "served from the cache: \(verdict.decisive.message)")
        case (.absent, _):
            absent.insert(ManifestKey(repository: repository.name, reference: reference), error, now: now())
            if held != nil, case .tag(let tag) = reference {
                try await forgetUpstreamTag(repository, tag)
            }
        default:
            break
        }
        throw error
    }

    private func mayBeStale(_ held: HeldManifest, _ repository: Repository) -> Bool {
        guard !repository.namespace.isOffline, let age = held.age,
            let limit = repository.namespace.freshness.staleIfError
        else { return true }
        return age < repository.namespace.freshness.tagTTL + limit
    }

    /// What one upstream has under the reference; nil if it is what is held already, which costs a HEAD only.
    private func current(
        _ upstream: any UpstreamRegistry, _ repository: Repository, _ reference: Reference, _ held: StoredManifest?
    ) async throws(UpstreamError) -> UpstreamManifest? {
        if let held {
            let head = try await upstream.headManifest(repository.remoteName, reference, held: held.digest)
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
            _ = try Manifest.relayed(manifest.bytes.readableBytesView, besides: manifest.mediaType)
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
        var isStored = false
        // Until it is stored.
        defer { withExtendedLifetime(fetched?.room) {} }
        if let fetched,
            let content = try? Manifest.relayed(fetched.bytes.readableBytesView, besides: fetched.mediaType)
        {
            let algorithm: Digest.Algorithm =
                if case .digest(let asked) = reference { asked.algorithm } else { .sha256 }
            let type = content.mediaType(besides: fetched.mediaType)
            sizes.note(content, in: repository.name)
            manifest = StoredManifest(
                digest: Digest(hashing: fetched.bytes, with: algorithm), mediaType: type, bytes: fetched.bytes)
            // What the bytes alone will tell whoever reads them.
            let told = content.kind == .opaque ? content.declaredMediaType : content.mediaType
            isStored = try await storing { (store) async throws(StorageError) in
                try await store.put(manifest, declared: told, in: repository.name, .cached)
                if let subject = content.subject {
                    try await store.addReferrer(
                        Descriptor(manifest, content), of: subject.digest, in: repository.name, .cached)
                }
            }
        } else if let held {
            manifest = held
            isStored = true
        } else {
            throw .badUpstream("\(upstream.name) sent no manifest")
        }
        if isStored, case .tag(let tag) = reference {
            try await keepUpstreamTag(repository, tag, manifest.digest)
        }
        return FetchedManifest(manifest: manifest, isStored: isStored && fetched != nil)
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
