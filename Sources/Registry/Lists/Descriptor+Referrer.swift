internal import NIOCore
package import OCI
package import Storage

extension Descriptor {
    /// As a referrers index describes a manifest: without an `artifactType` of its own an image has its
    /// configuration's media type (distribution specification, "Listing Referrers").
    package init(_ manifest: StoredManifest, _ content: Manifest) {
        self.init(
            mediaType: manifest.mediaType, digest: manifest.digest, size: Int64(manifest.bytes.readableBytes),
            artifactType: content.artifactType ?? content.config?.mediaType.value, annotations: content.annotations)
    }
}
