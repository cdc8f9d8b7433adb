internal import Bundle
internal import NIOCore
internal import OCI

/// Looks whether what a catalogue says of its repositories is so: that every tag names a manifest, and that everything a
/// manifest names is in the bundle or must be there already.
struct CatalogueCheck {
    /// Larger ones are none.
    static let mostManifestBytes: Int64 = 16 << 20

    private let catalogue: Catalogue
    private let sizes: [Digest: Int64]
    /// Where each manifest is, by its number among the repositories.
    private let places: [Digest: [Int]]
    /// Of each repository, with what they are.
    private let manifests: [[Digest: MediaType]]

    init(_ catalogue: Catalogue) throws(BundleError) {
        self.catalogue = catalogue
        sizes = Dictionary(catalogue.all.map { ($0.digest, $0.size) }, uniquingKeysWith: { first, _ in first })
        manifests = catalogue.repositories.map { repository in
            Dictionary(
                repository.manifests.map { ($0.content.digest, $0.mediaType) }, uniquingKeysWith: { first, _ in first })
        }
        var places: [Digest: [Int]] = [:]
        for (number, repository) in catalogue.repositories.enumerated() {
            for manifest in repository.manifests {
                guard manifest.content.size <= Self.mostManifestBytes else {
                    throw BundleError(
                        .refused, "the manifest \(manifest.content.digest) is larger than any is", remedy: Self.remedy)
                }
                places[manifest.content.digest, default: []].append(number)
            }
            for (tag, digest) in repository.tags where manifests[number][digest] == nil {
                throw Self.incomplete("\(repository.name):\(tag)", digest)
            }
        }
        self.places = places
    }

    func isManifest(_ digest: Digest) -> Bool { places[digest] != nil }

    func check(_ digest: Digest, _ bytes: ByteBuffer) throws(BundleError) {
        for number in places[digest] ?? [] {
            let repository = catalogue.repositories[number]
            let content: Manifest
            do throws(ManifestError) {
                content = try Manifest.relayed(bytes.readableBytesView, besides: manifests[number][digest])
            } catch {
                throw BundleError(
                    .damaged, "\(digest) is called a manifest and is none", remedy: Self.remedy, cause: error)
            }
            let children = content.blobsOfIndex.filter { !repository.leftOut.contains($0.digest) }
            for blob in content.blobs + children
            where !blob.mediaType.isForeignLayer && blob.data == nil && sizes[blob.digest] != blob.size {
                throw Self.incomplete("\(digest)", blob.digest)
            }
            for child in content.images
            where manifests[number][child.digest] == nil && !repository.leftOut.contains(child.digest) {
                throw Self.incomplete("\(digest)", child.digest)
            }
        }
    }

    private static let remedy = "make the bundle again"

    private static func incomplete(_ what: String, _ missing: Digest) -> BundleError {
        BundleError(
            .damaged, "\(what) names \(missing), which the bundle neither holds nor builds upon", remedy: remedy)
    }
}
