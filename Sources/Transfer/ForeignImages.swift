internal import Bundle
internal import FoundationEssentials
internal import Hashing
internal import NIOCore
internal import OCI
internal import Registry

/// Which images an archive of another tool holds, once all its contents are in the store.
struct ForeignImages {
    private let files: ArchiveFiles
    private let linking: ImageLinking
    private let naming: ImportNaming
    private let sizes: [Digest: Int64]

    init(_ files: ArchiveFiles, _ linking: ImageLinking, _ naming: ImportNaming) {
        self.files = files
        self.linking = linking
        self.naming = naming
        sizes = Dictionary(
            files.contents.values.map { ($0.digest, $0.size) }, uniquingKeysWith: { first, _ in first })
    }

    struct Found {
        var repositories: [Catalogue.Repository] = []
        /// Manifests that were made here, as Docker's archives have none.
        var made: [Digest: ByteBuffer] = [:]
    }

    func read() async throws -> Found {
        if let index = files.told["index.json"] { return try await layout(index) }
        if let list = files.told["manifest.json"] { return try await docker(list) }
        throw BundleError(
            .unknownFormat, "the archive has neither index.json nor manifest.json",
            remedy: "give a bundle, or what 'docker save', 'podman save' or 'skopeo copy' wrote")
    }

    // MARK: OCI image layout

    private func layout(_ bytes: ByteBuffer) async throws -> Found {
        let index: Manifest
        do throws(ManifestError) {
            index = try Manifest(bytes.readableBytesView)
        } catch {
            throw BundleError(.damaged, "index.json cannot be read", remedy: Self.remedy, cause: error)
        }
        let entries = index.manifests.map { LayoutEntry($0) }
        let images = entries.filter { $0.role == .image }
        var found: [RepositoryName: Catalogue.Repository] = [:]
        var digests: [String: Digest] = [:]
        var seen: [RepositoryName: Set<Digest>] = [:]
        for entry in images + entries.filter({ $0.role != .image }) {
            let digest = entry.descriptor.digest
            let name = try name(entry.name, isOnly: images.count == 1)
            var repository = found.removeValue(forKey: name.repository) ?? Catalogue.Repository(name.repository)
            if let tag = try tag(of: entry, name, digests) {
                guard repository.tags.updateValue(digest, forKey: tag) ?? digest == digest else {
                    throw BundleError(
                        .refused, "index.json has two images under the name \(repository.name):\(tag)",
                        remedy: "make an archive of each")
                }
            }
            if entry.role == .image, let text = entry.name { digests[text] = digest }
            try await add(entry.descriptor, to: &repository, &seen[name.repository, default: []], depth: 0)
            found[name.repository] = repository
        }
        return Found(repositories: found.values.sorted { $0.name.value < $1.name.value })
    }

    /// - Parameter images: What each name stands for.
    private func tag(
        of entry: LayoutEntry, _ name: ImageName, _ images: [String: Digest]
    ) throws(BundleError) -> Tag? {
        switch entry.role {
        // A name with a digest stands for that.
        case .image: return name.tag ?? (name.digest == nil ? .latest : nil)
        case .referrer: return nil
        case .companion(let ending):
            guard let image = entry.name.flatMap({ images[$0] }), let tag = Tag(Tag(referrersOf: image).value + ending)
            else {
                throw BundleError(
                    .damaged, "index.json has a signature of \(name), which is not in the archive", remedy: Self.remedy)
            }
            return tag
        }
    }

    /// - Parameter seen: What the repository has, or is about to get.
    private func add(
        _ descriptor: Descriptor, to repository: inout Catalogue.Repository, _ seen: inout Set<Digest>, depth: Int
    ) async throws {
        guard seen.insert(descriptor.digest).inserted else { return }
        guard depth < ImageGraph.mostHeight, let size = sizes[descriptor.digest] else {
            throw Self.incomplete("index.json", descriptor.digest)
        }
        let bytes = try await linking.bytes(of: descriptor.digest)
        let content: Manifest
        do throws(ManifestError) {
            content = try Manifest.relayed(bytes.readableBytesView, besides: descriptor.mediaType)
        } catch {
            throw BundleError(
                .damaged, "\(descriptor.digest) is no manifest", remedy: Self.remedy, cause: error)
        }
        for blob in content.blobs
        where !blob.mediaType.isForeignLayer && blob.data == nil && blob.digest != .emptyObject {
            guard sizes[blob.digest] == blob.size else { throw Self.incomplete("\(descriptor.digest)", blob.digest) }
        }
        var whole = 0
        for child in content.blobsOfIndex {
            if sizes[child.digest] == child.size { whole += 1 } else { repository.leftOut.insert(child.digest) }
        }
        for child in content.images {
            // Tools leave out the images of platforms that nobody wanted.
            guard sizes[child.digest] != nil else {
                repository.leftOut.insert(child.digest)
                continue
            }
            try await add(child, to: &repository, &seen, depth: depth + 1)
            whole += 1
        }
        guard whole > 0 || content.manifests.isEmpty else {
            throw Self.incomplete("\(descriptor.digest)", content.manifests[0].digest)
        }
        repository.manifests.append(
            Catalogue.Manifest(
                Catalogue.Content(descriptor.digest, size: size), content.mediaType(besides: descriptor.mediaType)))
    }

    // MARK: Docker's archive

    private struct DockerImage: Decodable {
        let Config: String
        let RepoTags: [String]?
        let Layers: [String]
    }

    private func docker(_ bytes: ByteBuffer) async throws -> Found {
        guard let images = try? JSONDecoder().decode([DockerImage].self, from: Data(bytes.readableBytesView)) else {
            throw BundleError(.damaged, "manifest.json cannot be read", remedy: Self.remedy)
        }
        var found = Found()
        var repositories: [RepositoryName: Catalogue.Repository] = [:]
        var seen: [RepositoryName: Set<Digest>] = [:]
        for image in images {
            let bytes = try await manifest(of: image)
            let digest = Digest(hashing: bytes)
            found.made[digest] = bytes
            let entry = Catalogue.Manifest(
                Catalogue.Content(digest, size: Int64(bytes.readableBytes)), .imageManifest)
            let tags = image.RepoTags ?? []
            for text in tags.isEmpty ? [nil] : tags.map({ Optional($0) }) {
                let name = try name(text, isOnly: images.count == 1 && tags.count <= 1)
                var repository =
                    repositories.removeValue(forKey: name.repository) ?? Catalogue.Repository(name.repository)
                repository.tags[name.tag ?? .latest] = digest
                if seen[name.repository, default: []].insert(digest).inserted { repository.manifests.append(entry) }
                repositories[name.repository] = repository
            }
        }
        found.repositories = repositories.values.sorted { $0.name.value < $1.name.value }
        return found
    }

    /// Docker's archives hold the parts of an image and no manifest: one is made, always the same for the same parts.
    private func manifest(of image: DockerImage) async throws -> ByteBuffer {
        guard let config = files.content(image.Config) else { throw Self.missing(image.Config) }
        struct Part: Encodable {
            var mediaType: String
            var digest: String
            var size: Int64
        }
        struct Made: Encodable {
            var schemaVersion = 2
            var mediaType = MediaType.imageManifest.value
            var config: Part
            var layers: [Part] = []
        }
        var made = Made(
            config: Part(
                mediaType: "application/vnd.oci.image.config.v1+json", digest: config.digest.description,
                size: config.size))
        for path in image.Layers {
            guard let layer = files.content(path) else { throw Self.missing(path) }
            let head = if let head = layer.head { head } else { try await linking.head(of: layer.digest) }
            made.layers.append(
                Part(mediaType: Self.layerType(head), digest: layer.digest.description, size: layer.size))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(made) else {
            throw BundleError(.damaged, "the image has parts that no manifest can tell", remedy: Self.remedy)
        }
        return ByteBuffer(bytes: data)
    }

    private static func layerType(_ head: ByteBuffer) -> String {
        let plain = "application/vnd.oci.image.layer.v1.tar"
        let bytes = head.readableBytesView
        if bytes.starts(with: [0x1F, 0x8B]) { return plain + "+gzip" }
        return bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) ? plain + "+zstd" : plain
    }

    // MARK: Names

    /// - Parameter text: As the archive has it; nil if it has none.
    private func name(_ text: String?, isOnly: Bool) throws(BundleError) -> ImageName {
        if let name = naming.name {
            guard isOnly else {
                throw BundleError(
                    .refused, "the archive holds several images, and --name is for one", remedy: "use --prefix")
            }
            let tag = name.tag ?? text.flatMap { Tag($0) ?? ImageName(docker: $0)?.tag }
            return ImageName(try naming.prefixed(name.repository), tag: tag)
        }
        guard let text, Tag(text) == nil || text.contains("/"), let docker = ImageName(docker: text) else {
            if let fallback = naming.fallback {
                let tag = text.flatMap { Tag($0) } ?? fallback.tag
                return ImageName(try naming.prefixed(fallback.repository), tag: tag)
            }
            throw BundleError(
                .refused,
                "an image of the archive has no name that a repository can have\(text.map { ": \($0.prefix(100))" } ?? "")",
                remedy: "give it one with --name")
        }
        // A bundle that was unpacked has the names of this registry.
        if let own = ImageName(text), let repository = try? linking.namespaces.repository(own.repository),
            own.repository.hasPrefix(repository.namespace.key)
        {
            return ImageName(try naming.prefixed(own.repository), tag: own.tag, digest: own.digest)
        }
        return ImageName(try naming.prefixed(docker.repository), tag: docker.tag, digest: docker.digest)
    }

    private static let remedy = "make the archive again"

    private static func missing(_ path: String) -> BundleError {
        BundleError(.damaged, "manifest.json names \(path.prefix(200)), which is not in the archive", remedy: remedy)
    }

    private static func incomplete(_ what: String, _ missing: Digest) -> BundleError {
        BundleError(.damaged, "\(what) names \(missing), which is not in the archive", remedy: remedy)
    }
}
