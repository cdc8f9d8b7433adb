internal import Logging
internal import NIOCore
internal import OCI
internal import Storage

extension Registry {
    /// The most manifests of a fallback tag that are looked into.
    private static let mostFolded = 1000

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
