internal import FoundationEssentials
internal import Hashing
public import NIOCore
public import OCI

/// What a bundle holds, told before the first byte of it: its repositories with their tags and manifests, every content with
/// its size in the order in which they come, and what a delta builds upon. A signature of it is one of everything.
public struct Catalogue: Sendable, Equatable {
    public struct Content: Sendable, Hashable {
        public let digest: Digest
        /// Bytes.
        public let size: Int64

        public init(_ digest: Digest, size: Int64) {
            self.digest = digest
            self.size = size
        }
    }

    public struct Manifest: Sendable, Hashable {
        public let content: Content
        public let mediaType: MediaType

        public init(_ content: Content, _ mediaType: MediaType) {
            self.content = content
            self.mediaType = mediaType
        }
    }

    public struct Repository: Sendable, Equatable {
        public let name: RepositoryName
        public var tags: [Tag: Digest]
        /// What names others comes after them.
        public var manifests: [Manifest]
        /// Images of an index that the bundle leaves out, with all that they name.
        public var leftOut: Set<Digest>

        public init(
            _ name: RepositoryName, tags: [Tag: Digest] = [:], manifests: [Manifest] = [], leftOut: Set<Digest> = []
        ) {
            self.name = name
            self.tags = tags
            self.manifests = manifests
            self.leftOut = leftOut
        }
    }

    /// In the order of their names.
    public let repositories: [Repository]
    /// What is in the bundle.
    public let contents: [Content]
    /// What must be there already.
    public let needed: [Content]
    /// The digest of the catalogue that a delta builds upon; nil where it is none, or builds upon a list.
    public let base: Digest?

    public init(repositories: [Repository], contents: [Content], needed: [Content] = [], base: Digest? = nil) {
        self.repositories = repositories.sorted { $0.name.value < $1.name.value }
        self.contents = contents
        self.needed = needed.sorted { $0.digest < $1.digest }
        self.base = base
    }

    /// Everything that its repositories consist of, whether it is in the bundle or must be there. Put together anew each time.
    public var all: Set<Content> { Set(contents).union(needed) }

    // MARK: As it is written

    /// No catalogue is larger, in bytes.
    static let mostBytes = 256 << 20

    /// The same for the same content, byte for byte.
    public var bytes: ByteBuffer {
        get throws(BundleError) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(Fields(self)), data.count <= Self.mostBytes else {
                throw BundleError(
                    .refused, "there is more in the bundle than a catalogue may tell", remedy: "make several bundles")
            }
            return ByteBuffer(bytes: data)
        }
    }

    /// - Throws: ``BundleError`` if it is no catalogue of a version that is known here.
    public init(_ bytes: ByteBuffer) throws(BundleError) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes.readableBytesView)) else {
            throw .damaged("the bundle's catalogue cannot be read")
        }
        guard fields.bundle == Fields.version else {
            throw BundleError(
                .unknownFormat, "the bundle is of version \(fields.bundle), which is not known here",
                remedy: "read it with a newer entrepot")
        }
        let problem = BundleError.damaged("the bundle's catalogue contradicts itself")
        let repositories = fields.repositories.compactMap { $0.repository }
        let contents = fields.contents.compactMap { $0.content }
        let needed = fields.needed?.compactMap { $0.content } ?? []
        guard repositories.count == fields.repositories.count, contents.count == fields.contents.count,
            needed.count == fields.needed?.count ?? 0
        else { throw problem }
        self.init(
            repositories: repositories, contents: contents, needed: needed,
            base: try fields.base.map { (text) throws(BundleError) in
                guard let digest = Digest(text) else { throw problem }
                return digest
            })
        let all = all
        guard Set(all.map(\.digest)).count == contents.count + needed.count,
            Set(repositories.map(\.name)).count == repositories.count,
            repositories.allSatisfy({ $0.manifests.allSatisfy { all.contains($0.content) } })
        else { throw problem }
    }
}

/// The catalogue's JSON.
private struct Fields: Codable {
    static let version = 1

    struct ContentFields: Codable {
        var digest: String
        var size: Int64

        init(_ content: Catalogue.Content) {
            digest = content.digest.description
            size = content.size
        }

        var content: Catalogue.Content? {
            Digest(digest).flatMap { size >= 0 ? Catalogue.Content($0, size: size) : nil }
        }
    }

    struct ManifestFields: Codable {
        var digest: String
        var size: Int64
        var mediaType: String
    }

    struct RepositoryFields: Codable {
        var name: String
        var tags: [String: String]
        var manifests: [ManifestFields]
        var leftOut: [String]?

        init(_ repository: Catalogue.Repository) {
            name = repository.name.value
            tags = Dictionary(
                uniqueKeysWithValues: repository.tags.map { ($0.key.value, $0.value.description) })
            manifests = repository.manifests.map {
                ManifestFields(
                    digest: $0.content.digest.description, size: $0.content.size, mediaType: $0.mediaType.value)
            }
            let leftOut = repository.leftOut.map(\.description).sorted()
            self.leftOut = leftOut.isEmpty ? nil : leftOut
        }

        var repository: Catalogue.Repository? {
            guard let name = RepositoryName(name) else { return nil }
            var repository = Catalogue.Repository(name)
            for (tag, digest) in tags {
                guard let tag = Tag(tag), let digest = Digest(digest) else { return nil }
                repository.tags[tag] = digest
            }
            for manifest in manifests {
                guard let digest = Digest(manifest.digest), manifest.size >= 0,
                    let type = MediaType(manifest.mediaType)
                else { return nil }
                repository.manifests.append(.init(.init(digest, size: manifest.size), type))
            }
            for text in leftOut ?? [] {
                guard let digest = Digest(text) else { return nil }
                repository.leftOut.insert(digest)
            }
            return repository
        }
    }

    var bundle: Int
    var repositories: [RepositoryFields]
    var contents: [ContentFields]
    var needed: [ContentFields]?
    var base: String?

    init(_ catalogue: Catalogue) {
        bundle = Self.version
        repositories = catalogue.repositories.map(RepositoryFields.init)
        contents = catalogue.contents.map(ContentFields.init)
        needed = catalogue.needed.isEmpty ? nil : catalogue.needed.map(ContentFields.init)
        base = catalogue.base?.description
    }
}
