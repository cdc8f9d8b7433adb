internal import FoundationEssentials
internal import Hashing
internal import NIOCore
internal import OCI

/// `index.json` of an image layout, made of a catalogue: one entry for each tag. Other tools read it; an import goes by the catalogue and checks that this is what follows from it, to the bit: the
/// digests of the files before it are in it.
struct LayoutIndex: Encodable {
    struct Entry: Encodable {
        var mediaType: String
        var digest: String
        var size: Int64
        var annotations: [String: String]
    }

    var schemaVersion = 2
    var mediaType = MediaType.imageIndex.value
    var manifests: [Entry] = []
    var annotations: [String: String]

    /// - Parameters:
    ///   - bytes: The catalogue as it is written.
    ///   - signature: The signature's file; nil if there is none.
    init(_ catalogue: Catalogue, _ bytes: ByteBuffer, signature: ByteBuffer?) {
        annotations = ["entrepot.catalogue": Digest(hashing: bytes).description]
        if let signature { annotations["entrepot.signature"] = Digest(hashing: signature).description }
        for repository in catalogue.repositories {
            let manifests = Dictionary(
                repository.manifests.map { ($0.content.digest, $0) }, uniquingKeysWith: { first, _ in first })
            for (tag, digest) in repository.tags.sorted(by: { $0.key < $1.key }) {
                guard let manifest = manifests[digest] else { continue }
                let name = "\(repository.name):\(tag)"
                self.manifests.append(
                    Entry(
                        mediaType: manifest.mediaType.value, digest: digest.description, size: manifest.content.size,
                        // The second is what containerd and podman go by.
                        annotations: [
                            "org.opencontainers.image.ref.name": name, "io.containerd.image.name": name,
                        ]))
            }
        }
    }

    var bytes: ByteBuffer {
        get throws(BundleError) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(self) else {
                throw BundleError(.io, "the index cannot be written as JSON", remedy: "report this")
            }
            return ByteBuffer(bytes: data)
        }
    }
}
