internal import Hashing
internal import NIOCore
internal import OCI
internal import Storage

extension IncomingManifest {
    /// What can be said of a manifest without the store.
    func judged(_ limits: PushLimits) throws(RegistryError) -> (StoredManifest, Manifest) {
        let algorithm: Digest.Algorithm =
            if case .digest(let asked) = reference { asked.algorithm } else { .sha256 }
        let digest = Digest(hashing: bytes, with: algorithm)
        if case .digest(let asked) = reference, asked != digest {
            throw RegistryError(.digestInvalid, "the manifest's digest is \(digest) and not \(asked)")
        }
        try Self.checkPushable(mediaType)
        let content: Manifest
        do throws(ManifestError) {
            content = try Manifest(bytes.readableBytesView)
        } catch {
            throw RegistryError(.manifestInvalid, "\(error)", cause: error)
        }
        let most = limits.references
        guard content.blobs.count + content.manifests.count <= most else {
            throw RegistryError(
                .manifestInvalid, "the manifest names more than the \(most) descriptors allowed here")
        }
        let type = try Self.agreedMediaType(mediaType, content)
        return (StoredManifest(digest: digest, mediaType: type, bytes: bytes), content)
    }
}
