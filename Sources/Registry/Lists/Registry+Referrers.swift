internal import NIOCore
public import OCI
internal import Storage
internal import Logging
internal import Upstream

extension Registry {
    /// The most manifests of a fallback tag that are looked into.
    private static let mostFolded = 1000

    /// Manifests that name `subject`: those the upstream lists and those held.
    public func referrers(
        _ repository: Repository, _ subject: Digest, artifactType: String?
    ) async throws(RegistryError) -> Served<[Descriptor]> {
        let held = try await gathered { () async throws(RegistryError) in try await heldReferrers(repository, subject) }
        func matching(_ all: [Descriptor]) -> [Descriptor] {
            artifactType.map { type in all.filter { $0.artifactType == type } } ?? all
        }
        guard !repository.namespace.isLocal else { return Served(matching(held), .hit) }
        do throws(UpstreamListError) {
            let upstream = try await upstreams(repository).first(.question) { (upstream) async throws(UpstreamError) in
                try await upstream.referrers(repository.remoteName, subject)
            }.answer
            let known = Set(upstream.map(\.digest))
            let all = upstream + held.filter { !known.contains($0.digest) }
            return Served(matching(all), CacheStatus(forward: .miss))
        } catch {
            switch error.meaning {
            // Always an answer, never 404: a client told so once stops asking ("Listing Referrers").
            case .absent: return Served(matching(held), CacheStatus(forward: .miss))
            case .denied: throw RegistryError(error, absent: .manifestUnknown)
            case .failed:
                if held.isEmpty {
                    // What refers to a manifest came with it to a site that is offline, be it nothing.
                    guard error.decisive.kind == .offline, try await heldManifest(repository, subject) != nil else {
                        throw RegistryError(error, absent: .manifestUnknown)
                    }
                }
                return Served(
                    matching(held), CacheStatus(forward: .stale),
                    warning: "referrers of the cache only: \(error.decisive.message)")
            }
        }
    }

    /// The manifests held here that name `subject`: those recorded when they came, and those that a client listed under
    /// the fallback tag because the registry it pushed to did not know referrers ("Enabling the Referrers API").
    func heldReferrers(_ repository: Repository, _ subject: Digest) async throws(RegistryError) -> [Descriptor] {
        let recorded = try await stored { (store) async throws(StorageError) in
            try await store.referrers(of: subject, in: repository.name) { key in
                logger.warning(
                    "a referrer's record cannot be read, and is left out; push or pull the referrer again",
                    metadata: ["key": "\(key)"])
            }
        }
        guard repository.namespace.isWritable else { return recorded }
        let (_, tagged) = try await heldTag(repository, Tag(referrersOf: subject))
        guard let manifest = tagged?.manifest, let index = try? Manifest(manifest.bytes.readableBytesView),
            index.kind == .index
        else {
            return recorded
        }
        let known = Set(recorded.map(\.digest))
        var folded: [Descriptor] = []
        for listed in index.manifests.prefix(Self.mostFolded) where !known.contains(listed.digest) {
            guard let held = try await heldManifest(repository, listed.digest)?.manifest,
                let content = try? Manifest(held.bytes.readableBytesView), content.subject?.digest == subject
            else { continue }
            folded.append(Descriptor(held, content))
        }
        return folded.isEmpty ? recorded : (recorded + folded).sorted { $0.digest < $1.digest }
    }
}
