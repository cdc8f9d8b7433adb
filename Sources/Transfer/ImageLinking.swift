internal import Bundle
internal import Hashing
internal import NIOCore
internal import OCI
internal import Registry
internal import Storage

/// Makes images visible whose contents are in a store: links to blobs first, then manifests, tags last.
struct ImageLinking: Sendable {
    let store: RegistryStore
    let namespaces: Namespaces

    /// The repository that a name means, which must be one of this registry.
    func repository(_ name: RepositoryName) throws(BundleError) -> Repository {
        do throws(RegistryError) {
            return try namespaces.repository(name)
        } catch {
            throw BundleError(
                .refused, "no namespace takes the repository \(name)",
                remedy: "add repository.\"\(name.components[0])\" to the configuration, or use --prefix", cause: error)
        }
    }

    /// - Parameter made: Manifests that are not among the store's contents.
    func link(_ image: Catalogue.Repository, made: [Digest: ByteBuffer] = [:]) async throws {
        let repository = try repository(image.name)
        let name = repository.name
        // First: what is here but not marked so could be taken for a cache's.
        if repository.namespace.isLocal { try await store.keepAll(in: name) }
        var blobs: Set<Digest> = []
        for manifest in image.manifests {
            let digest = manifest.content.digest
            let bytes = try await bytes(of: digest, made)
            let content = try Manifest.relayed(bytes.readableBytesView, besides: manifest.mediaType)
            let children = content.blobsOfIndex.filter { !image.leftOut.contains($0.digest) }
            for blob in content.blobs + children
            where !blob.mediaType.isForeignLayer && blobs.insert(blob.digest).inserted {
                let isThere = try await store.mount(blob.digest, in: name)
                if !isThere, blob.data == nil { throw RegistryStore.removedMeanwhile(blob.digest) }
            }
            if !repository.namespace.isLocal { try await store.keep(digest, in: name) }
            let stored = StoredManifest(digest: digest, mediaType: manifest.mediaType, bytes: bytes)
            let declared = content.kind == .opaque ? content.declaredMediaType : content.mediaType
            try await store.put(stored, declared: declared, in: name, .durable)
            if let subject = content.subject {
                try await store.addReferrer(
                    Descriptor(stored, content), of: subject.digest, in: name, .durable)
            }
        }
        for (tag, digest) in image.tags.sorted(by: { $0.key < $1.key }) {
            try await store.setTag(tag, to: digest, in: name, .durable)
        }
        // A server beside this may have been about to remove what was here before.
        for manifest in image.manifests where try await !store.hasManifest(manifest.content.digest, in: name) {
            throw RegistryStore.removedMeanwhile(manifest.content.digest)
        }
        for digest in blobs where try await store.blobInfo(digest) == nil && digest != .emptyObject {
            throw RegistryStore.removedMeanwhile(digest)
        }
    }

    /// The first bytes of a content.
    func head(of digest: Digest) async throws -> ByteBuffer {
        let count = ContentIntake.headSize
        switch try await store.blob(digest) {
        case .file(let file, let size)?:
            if let head = file.bytes(count: min(count, Int(size))) { return head }
        case .bytes(let bytes)?:
            if let head = bytes.getSlice(at: bytes.readerIndex, length: min(count, bytes.readableBytes)) { return head }
        case .remote(let object)?: return try await object.body(0..<Int64(count)).collect()
        case nil: break
        }
        throw RegistryStore.removedMeanwhile(digest)
    }

    /// A manifest's bytes, which are not taken for what they are only because they were so a moment ago.
    func bytes(of digest: Digest, _ made: [Digest: ByteBuffer] = [:]) async throws -> ByteBuffer {
        if let bytes = made[digest] { return bytes }
        guard
            let bytes = try await store.smallBlob(digest, limit: Int(CatalogueCheck.mostManifestBytes)),
            Digest(hashing: bytes, with: digest.algorithm) == digest
        else {
            throw BundleError(
                .damaged, "the store has no manifest \(digest), or a damaged one",
                remedy: "run entrepot scrub, then import again")
        }
        return bytes
    }
}
