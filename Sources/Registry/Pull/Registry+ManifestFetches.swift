internal import Cluster
internal import Coordination
internal import Hashing
internal import Metrics
internal import NIOCore
internal import OCI
internal import Storage
internal import Upstream

/// A manifest as a fetch left it, for all who waited for it.
struct FetchedManifest: Sendable {
    let manifest: StoredManifest
    let isStored: Bool
    /// The store has it: now, or before.
    let isKept: Bool
    /// Set where the upstream failed and what was held is served in its stead.
    var warning: String?
}

/// Manifests that upstreams are asked for.
extension Registry {
    /// Asks the upstream, once for all who want the same.
    func fetch(
        _ repository: Repository, _ reference: Reference, held: HeldManifest?
    ) async throws(RegistryError) -> Served<StoredManifest> {
        let key = ManifestKey(repository: repository.name, reference: reference)
        let lifetime = repository.namespace.freshness.negativeTTL
        if held == nil {
            if let error = absent.error(key, now: now(), lifetime: lifetime) { throw error }
            if lifetime > 0, let error = await sharedAbsence(key) { throw error }
        }
        let (fetched, isCollapsed) = try await manifestFetches.value(key) { () async throws(RegistryError) in
            try await refresh(repository, reference, held: held)
        }
        let status = CacheStatus(
            forward: held == nil ? .miss : .stale, isStored: fetched.isStored, isCollapsed: isCollapsed)
        return Served(
            fetched.manifest, status, warning: fetched.warning, age: fetched.warning == nil ? nil : held?.age)
    }

    /// Asks the upstream, once for all replicas that want to know at the same time.
    func refresh(
        _ repository: Repository, _ reference: Reference, held: HeldManifest?
    ) async throws(RegistryError) -> FetchedManifest {
        try await flights.value("\(repository.name) \(reference)") { () async throws(RegistryError) in
            if let fetched = await refreshedElsewhere(repository, reference, held) { return fetched }
            return try await refreshHere(repository, reference, held: held)
        } report: { result in
            ManifestReport(result)?.bytes
        } take: { report in
            await ManifestReport(report)?.result { digest in (try? await heldManifest(repository, digest))?.manifest }
        }
    }

    private func refreshHere(
        _ repository: Repository, _ reference: Reference, held: HeldManifest?
    ) async throws(RegistryError) -> FetchedManifest {
        let answer: UpstreamManifest?
        let upstream: any UpstreamRegistry
        let allowsStale = held.map { mayBeStale($0, repository) } ?? false
        let holdsBack = if let held, allowsStale { try await mayWait(held, repository) } else { false }
        do throws(UpstreamListError) {
            (answer, upstream) = try await newest(repository, reference, held, holdsBack)
        } catch {
            return try await instead(of: error, repository, reference, held, allowsStale)
        }
        return try await keep(answer, from: upstream, repository, reference, held?.manifest)
    }

    /// Whether what an upstream still allows is worth more than to know whether this is what it has: not where the image is
    /// not whole here, which is of no use without the upstream.
    private func mayWait(_ held: HeldManifest, _ repository: Repository) async throws(RegistryError) -> Bool {
        let now = now()
        guard repository.namespace.upstreams.contains(where: { $0.budget?.isLow(now: now) == true }) else {
            return false
        }
        return try await missingPart(of: held.manifest, repository) == nil
    }

    /// What the upstreams have; nil if it is what is held. Where there is no memory for it now they are asked again when
    /// there is: nobody is kept waiting with an answer half read.
    private func newest(
        _ repository: Repository, _ reference: Reference, _ held: HeldManifest?, _ holdsBack: Bool
    ) async throws(UpstreamListError) -> (UpstreamManifest?, any UpstreamRegistry) {
        do throws(UpstreamListError) {
            return try await newest(repository, reference, held, holdsBack, room: nil)
        } catch {
            guard let missing = error.decisive.cause as? NoRoomError,
                let share = await manifestRoom.reserve(missing.bytes, patience: ByteBudget.patience)
            else { throw error }
            return try await newest(repository, reference, held, holdsBack, room: share)
        }
    }

    private func newest(
        _ repository: Repository, _ reference: Reference, _ held: HeldManifest?, _ holdsBack: Bool,
        room: ByteBudget.Share?
    ) async throws(UpstreamListError) -> (UpstreamManifest?, any UpstreamRegistry) {
        let (answer, upstream, _) = try await upstreams(repository).first(.question) {
            (upstream) async throws(UpstreamError) in
            // What is left of a budget is for content that is not here yet.
            if holdsBack, upstream.budget?.isLow(now: now()) == true {
                throw UpstreamError(
                    .rateLimited(retryAfter: nil), "\(upstream.name) allows few more requests, which are kept back")
            }
            return try await current(room.map(upstream.granted) ?? upstream, repository, reference, held?.manifest)
        }
        return (answer, upstream)
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
        do throws(ManifestError) {
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
        return FetchedManifest(manifest: manifest, isStored: isStored && fetched != nil, isKept: isStored)
    }
}
