import Bundle
import FileStorage
import Foundation
import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Threads
import Transfer

/// A store of a test's own, and what is done with it.
struct Site {
    let memory: MemoryStore
    let store: RegistryStore
    let directory: TemporaryDirectory
    /// `local` and `docker.io`, the latter with upstreams.
    let namespaces: Namespaces

    init() throws {
        memory = MemoryStore(now: { 1_000_000 })
        store = RegistryStore(objects: memory)
        directory = try TemporaryDirectory()
        namespaces = Namespaces(
            [
                Namespace.test(key: try required(RepositoryName("local"))),
                Namespace(
                    key: try required(RepositoryName("docker.io")), host: "docker.io", upstreams: [],
                    impliesLibrary: true, freshness: .test(), completesPulls: false, pushes: .test(), isLocal: false),
            ], fallback: nil)
    }

    /// What an image is made of.
    struct Image {
        var layers: [String]
        var config = "{}"
        var subject: Digest?
        var annotations = ""

        static func part(_ text: String, _ type: String) -> String {
            #"{"mediaType":"\#(type)","digest":"\#(Digest(hashing: ByteBuffer(string: text)))","size":\#(text.utf8.count)}"#
        }

        static func index(_ parts: [String]) -> String {
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[\#(parts.joined(separator: ","))]}"#
        }

        /// Indexes, each around the one before, the first around this.
        func nested(in count: Int) -> [String] {
            var indexes: [String] = []
            for _ in 0..<count {
                let part =
                    indexes.last.map { Self.part($0, MediaType.imageIndex.value) }
                    ?? Self.part(manifest, MediaType.imageManifest.value)
                indexes.append(Self.index([part]))
            }
            return indexes
        }

        var manifest: String {
            let layers = layers.map { Self.part($0, "application/vnd.oci.image.layer.v1.tar") }.joined(separator: ",")
            let config = Self.part(config, "application/vnd.oci.image.config.v1+json")
            let subject = subject.map {
                #","subject":{"mediaType":"\#(MediaType.imageManifest)","digest":"\#($0)","size":1}"#
            }
            return
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","config":\#(config),"layers":[\#(layers)]"#
                + #"\#(subject ?? "")}"#
        }

        var digest: Digest { Digest(hashing: ByteBuffer(string: manifest)) }
    }

    /// Puts content there, which nothing refers to.
    func add(_ text: String) async throws -> Digest {
        let digest = Digest(hashing: ByteBuffer(string: text))
        let path = directory.file(UUID().uuidString)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try await store.adoptBlob(file: path, digest, .cached)
        return digest
    }

    @discardableResult
    func push(_ image: Image, _ repository: String, tag: String? = nil) async throws -> Digest {
        let name = try required(RepositoryName(repository))
        for text in image.layers + [image.config] {
            _ = try await store.mount(try await add(text), in: name)
        }
        return try await push(manifest: image.manifest, .imageManifest, name, tag)
    }

    /// An index of manifests, held or not.
    @discardableResult
    func pushIndex(_ images: [Image], _ repository: String, tag: String) async throws -> Digest {
        let text = Image.index(images.map { Image.part($0.manifest, MediaType.imageManifest.value) })
        return try await push(manifest: text, .imageIndex, try required(RepositoryName(repository)), tag)
    }

    /// An image in so many indexes, each with a tag: `deep1` around it, `deep2` around that.
    func pushNested(_ image: Image, in count: Int, _ repository: String) async throws {
        try await push(image, repository)
        for (number, text) in image.nested(in: count).enumerated() {
            _ = try await push(
                manifest: text, .imageIndex, try required(RepositoryName(repository)), "deep\(number + 1)")
        }
    }

    /// An index of blobs, as the cache of BuildKit is.
    @discardableResult
    func pushIndex(ofBlobs texts: [String], _ repository: String, tag: String) async throws -> Digest {
        let name = try required(RepositoryName(repository))
        for text in texts { _ = try await store.mount(try await add(text), in: name) }
        return try await push(manifest: Self.index(ofBlobs: texts), .imageIndex, name, tag)
    }

    static func index(ofBlobs texts: [String]) -> String {
        Image.index(texts.map { Image.part($0, "application/vnd.oci.image.layer.v1.tar+gzip") })
    }

    private func push(
        manifest text: String, _ type: MediaType, _ name: RepositoryName, _ tag: String?
    ) async throws -> Digest {
        let bytes = ByteBuffer(string: text)
        let stored = StoredManifest(digest: Digest(hashing: bytes), mediaType: type, bytes: bytes)
        try await store.put(stored, declared: type, in: name, .durable)
        if let subject = try Manifest(bytes.readableBytesView).subject {
            try await store.addReferrer(
                Descriptor(mediaType: type, digest: stored.digest, size: Int64(bytes.readableBytes)),
                of: subject.digest, in: name, .durable)
        }
        if let tag { try await store.setTag(try required(Tag(tag)), to: stored.digest, in: name, .durable) }
        return stored.digest
    }

    func images(_ patterns: [String]) async throws -> [HeldImages.Image] {
        try await HeldImages(store, namespaces).matching(patterns.map { try required(ImagePattern($0)) }).images
    }

    /// Writes a bundle and returns its path.
    func export(
        _ patterns: [String], to name: String = "bundle", have: Set<Digest> = [], base: Digest? = nil
    ) async throws -> (path: String, plan: BundlePlan) {
        let plan = try await BundlePlan(store, try await images(patterns), have: have, base: base)
        let path = directory.file(name)
        try await BundleExport(store).run(
            plan.catalogue, into: try BundleWriter(.file(path, volumeSize: nil), plan.catalogue))
        return (path, plan)
    }

    func take(_ path: String, _ naming: ImportNaming = ImportNaming()) async throws -> ImportReport {
        try await Importer(store, namespaces, through: directory.path).run(try Archive(path: path), naming)
    }

    /// Names of repositories, tags and manifests that somebody could see.
    var visible: [String] { memory.keys.filter { $0.contains("/repositories/") } }

    func problems(_ patterns: [String]) async throws -> [GraphProblem.Kind] {
        var found: [GraphProblem.Kind] = []
        try await Verification(store).run(try await images(patterns)) { found += $0.graph.problems.map(\.kind) }
        return found
    }
}

struct Absent: Error {}

func required<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Absent() }
    return value
}
