public import Bundle
internal import Hashing
internal import NIOCore
internal import OCI
public import RegistryClient
internal import Storage
internal import Threads
internal import Upstream

/// Images of another registry on their way into a bundle: what they consist of is found out first, then it is written as it
/// comes, and nothing of it is kept.
public struct ImagePull: Sendable {
    public let catalogue: Catalogue
    private let registry: RemoteRegistry
    /// The manifests themselves.
    private let manifests: [Digest: ByteBuffer]
    /// A repository that has each blob.
    private let places: [Digest: RepositoryName]

    /// Manifests of all images together, and their bytes.
    private static let mostManifests = 100_000
    private static let mostBytes = 256 << 20

    private struct Finding {
        var contents: [Catalogue.Content] = []
        var manifests: [Digest: ByteBuffer] = [:]
        var places: [Digest: RepositoryName] = [:]
        /// What each repository has, or is about to get.
        var seen: [RepositoryName: Set<Digest>] = [:]
        /// Indexes without an image for one of the platforms.
        var unwanted: Set<Digest> = []
        var bytes = 0
    }

    /// Finds out what the images consist of.
    ///
    /// - Parameters:
    ///   - platforms: Of an index only the images for these; none for all.
    ///   - takesReferrers: Whether signatures and what else refers to them come along.
    public init(
        _ names: [ImageName], from registry: RemoteRegistry, platforms: [ImagePlatform] = [], takesReferrers: Bool
    ) async throws {
        var finding = Finding()
        var repositories: [RepositoryName: Catalogue.Repository] = [:]
        for name in names {
            var repository = repositories.removeValue(forKey: name.repository) ?? Catalogue.Repository(name.repository)
            let manifest = try await registry.manifest(name.repository, name.reference)
            repository.tags[name.tag ?? .latest] = manifest.digest
            guard
                try await Self.visit(
                    manifest, registry, platforms, takesReferrers, &repository, &finding, depth: 0)
            else {
                throw BundleError(
                    .refused, "there is no image for \(platforms.map(\.description).joined(separator: ", "))",
                    remedy: "choose another --platform")
            }
            repositories[name.repository] = repository
        }
        self.registry = registry
        manifests = finding.manifests
        places = finding.places
        catalogue = Catalogue(
            repositories: repositories.values.map { repository in
                var repository = repository
                repository.leftOut.subtract(repository.manifests.map(\.content.digest))
                return repository
            }, contents: finding.contents)
    }

    /// - Returns: Whether it is wanted.
    private static func visit(
        _ manifest: RemoteManifest, _ registry: RemoteRegistry, _ platforms: [ImagePlatform], _ takesReferrers: Bool,
        _ repository: inout Catalogue.Repository, _ finding: inout Finding, depth: Int
    ) async throws -> Bool {
        let digest = manifest.digest
        guard finding.seen[repository.name, default: []].insert(digest).inserted else {
            return !finding.unwanted.contains(digest)
        }
        finding.bytes += manifest.bytes.readableBytes
        guard depth < ImageGraph.mostHeight, finding.manifests.count < mostManifests, finding.bytes <= mostBytes else {
            throw BundleError(.refused, "the image has too many manifests", remedy: "choose one with --platform")
        }
        let images = manifest.content.images
        let chosen = images.isEmpty ? nil : ImagePlatform.chosen(manifest.bytes, platforms)
        // The cache of BuildKit is an index of nothing but blobs.
        let children = manifest.content.blobsOfIndex.filter { chosen?.contains($0.digest) ?? true }
        for blob in manifest.content.blobs + children
        where !blob.mediaType.isForeignLayer && finding.places[blob.digest] == nil {
            finding.places[blob.digest] = repository.name
            finding.contents.append(Catalogue.Content(blob.digest, size: blob.size))
        }
        var leftOut = Set(manifest.content.blobsOfIndex.map(\.digest)).subtracting(children.map(\.digest))
        for child in images {
            guard chosen?.contains(child.digest) ?? true else {
                leftOut.insert(child.digest)
                continue
            }
            let next = try await registry.manifest(repository.name, .digest(child.digest))
            let isWanted = try await visit(
                next, registry, platforms, takesReferrers, &repository, &finding, depth: depth + 1)
            if !isWanted { leftOut.insert(child.digest) }
        }
        guard manifest.content.manifests.isEmpty || leftOut.count < Set(manifest.content.manifests.map(\.digest)).count
        else {
            finding.unwanted.insert(digest)
            return false
        }
        repository.leftOut.formUnion(leftOut)
        let content = Catalogue.Content(digest, size: Int64(manifest.bytes.readableBytes))
        if finding.manifests.updateValue(manifest.bytes, forKey: digest) == nil, finding.places[digest] == nil {
            finding.contents.append(content)
        }
        repository.manifests.append(Catalogue.Manifest(content, manifest.mediaType))
        guard takesReferrers else { return true }
        for referrer in try await registry.referrers(repository.name, digest) {
            let next = try await registry.manifest(repository.name, .digest(referrer.digest))
            _ = try await visit(next, registry, platforms, takesReferrers, &repository, &finding, depth: depth + 1)
        }
        return true
    }

    /// Writes everything, each content as it comes.
    ///
    /// - Throws: Also where the registry sends other bytes than a digest says; there is no bundle then, nor a part of one.
    public func write(_ writer: BundleWriter, progress: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        do {
            try await writeAll(writer, progress)
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func writeAll(_ writer: BundleWriter, _ progress: @escaping @Sendable (Int) -> Void) async throws {
        let pool = ThreadPool.shared
        for content in catalogue.contents {
            try await pool.run { try writer.begin(content) }
            if let bytes = manifests[content.digest] {
                try await pool.run { try writer.write(bytes) }
                progress(bytes.readableBytes)
            } else if content.size == 0 {
                try await pool.run { try writer.write(ByteBuffer()) }
            } else if let repository = places[content.digest] {
                try await registry.pull(content.digest, size: content.size, of: repository) { piece in
                    try await pool.run { try writer.write(piece) }
                    progress(piece.readableBytes)
                }
            }
        }
        try await pool.run { try writer.finish() }
    }
}
