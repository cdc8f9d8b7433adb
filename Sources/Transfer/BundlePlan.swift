public import Bundle
public import OCI
public import Storage

/// What goes into a bundle: whole images, with their signatures and whatever else refers to them.
public struct BundlePlan: Sendable {
    public let catalogue: Catalogue
    /// Images that are not whole, which is why they are not in it.
    public let incomplete: [Verification.Finding]

    /// - Parameters:
    ///   - have: What the other side holds, and need not be carried.
    ///   - base: The catalogue that tells so; nil for a list.
    public init(
        _ store: RegistryStore, _ images: [HeldImages.Image], wantsAllPlatforms: Bool = false, have: Set<Digest> = [],
        base: Digest? = nil
    ) async throws {
        var incomplete: [Verification.Finding] = []
        var repositories: [RepositoryName: Catalogue.Repository] = [:]
        var contents: [Catalogue.Content] = []
        var needed: [Catalogue.Content] = []
        var seen: Set<Digest> = []
        var placed: [RepositoryName: Set<Digest>] = [:]
        func add(_ content: Catalogue.Content) {
            guard seen.insert(content.digest).inserted else { return }
            if have.contains(content.digest) { needed.append(content) } else { contents.append(content) }
        }
        func add(_ finding: Verification.Finding) {
            let image = finding.image
            guard finding.graph.problems.isEmpty, let digest = image.digest else {
                incomplete.append(finding)
                return
            }
            var repository =
                repositories.removeValue(forKey: image.repository) ?? Catalogue.Repository(image.repository)
            if let tag = image.tag { repository.tags[tag] = digest }
            finding.graph.blobs.forEach { add($0) }
            for manifest in finding.graph.manifests
            where placed[image.repository, default: []].insert(manifest.content.digest).inserted {
                repository.manifests.append(manifest)
            }
            finding.graph.manifests.forEach { add($0.content) }
            repository.leftOut.formUnion(finding.graph.leftOut)
            repositories[image.repository] = repository
        }
        let verification = Verification(store, wantsAllPlatforms: wantsAllPlatforms)
        try await verification.run(images) { add($0) }
        let companions = try await Self.companions(of: repositories, in: store)
        try await verification.run(companions) { if $0.graph.problems.isEmpty { add($0) } }
        self.incomplete = incomplete
        let all = repositories.values.map { repository in
            var repository = repository
            // One tag may have brought what another left out.
            repository.leftOut.subtract(repository.manifests.map(\.content.digest))
            return repository
        }
        catalogue = Catalogue(
            repositories: all, contents: contents, needed: needed, base: needed.isEmpty ? nil : base)
    }

    private static func companions(
        of repositories: [RepositoryName: Catalogue.Repository], in store: RegistryStore
    ) async throws -> [HeldImages.Image] {
        var images: [HeldImages.Image] = []
        for repository in repositories.values.sorted(by: { $0.name.value < $1.name.value }) {
            for manifest in repository.manifests {
                for tag in CompanionTags.tags(of: manifest.content.digest) where repository.tags[tag] == nil {
                    guard let record = try await store.tag(tag, in: repository.name) else { continue }
                    images.append(
                        HeldImages.Image(repository: repository.name, tag: tag, digest: record.digest))
                }
            }
        }
        return images
    }
}
