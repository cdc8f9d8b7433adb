import Bundle
import Foundation
import Hashing
import NIOCore
import OCI
import Tokens

/// A small bundle: an image of two layers under two tags.
struct BundleSample {
    static let layers = [ByteBuffer(string: "one layer"), ByteBuffer(repeating: 7, count: 1536)]
    static let config = ByteBuffer(string: #"{"architecture":"amd64","os":"linux"}"#)

    let catalogue: Catalogue
    let bytes: [Digest: ByteBuffer]

    /// - Parameter layerAlgorithm: Of the digests of layers.
    init(layerAlgorithm: Digest.Algorithm = .sha256) throws {
        var bytes: [Digest: ByteBuffer] = [:]
        var contents: [Catalogue.Content] = []
        func add(_ content: ByteBuffer, _ algorithm: Digest.Algorithm = .sha256) -> Digest {
            let digest = Digest(hashing: content, with: algorithm)
            bytes[digest] = content
            contents.append(Catalogue.Content(digest, size: Int64(content.readableBytes)))
            return digest
        }
        let config = add(Self.config)
        let layers = Self.layers.map { add($0, layerAlgorithm) }
        let parts = zip(layers, Self.layers).map {
            #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\#($0)","size":\#($1.readableBytes)}"#
        }
        let text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.imageManifest)",\
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(config)",\
            "size":\(Self.config.readableBytes)},"layers":[\(parts.joined(separator: ","))]}
            """
        let manifest = add(ByteBuffer(string: text))
        let name = try required(RepositoryName("local/app"))
        var repository = Catalogue.Repository(name)
        for tag in ["1.0", "latest"] { repository.tags[try required(Tag(tag))] = manifest }
        repository.manifests = [Catalogue.Manifest(contents[contents.count - 1], .imageManifest)]
        catalogue = Catalogue(repositories: [repository], contents: contents)
        self.bytes = bytes
    }
}

extension BundleSample {
    /// Writes it, and returns the bytes of the file.
    func write(
        to path: String, compression: Int? = nil, signedBy key: SigningKey? = nil, volumeSize: Int64? = nil
    ) throws {
        let writer = try BundleWriter(
            .file(path, volumeSize: volumeSize), catalogue, compression: compression, signedBy: key)
        for content in catalogue.contents {
            try writer.begin(content)
            try writer.write(try required(bytes[content.digest]))
        }
        try writer.finish()
    }

    /// Reads all of a bundle and returns its contents.
    static func read(_ path: String, trusted: [VerificationKey] = []) throws -> (Catalogue, [Digest: ByteBuffer]) {
        guard case .bundle(let reader) = try Archive(path: path, trusted: trusted) else { throw Absent() }
        var bytes: [Digest: ByteBuffer] = [:]
        while let content = try reader.next() {
            var whole = ByteBuffer()
            while let piece = try reader.read(upTo: 1000) { whole.writeImmutableBuffer(piece) }
            bytes[content.digest] = whole
        }
        return (reader.catalogue, bytes)
    }
}

struct Absent: Error {}

func required<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Absent() }
    return value
}
