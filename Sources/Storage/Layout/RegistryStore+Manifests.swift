internal import Hashing
public import NIOCore
public import OCI

/// A manifest as it is stored and sent.
public struct StoredManifest: Sendable {
    public let digest: Digest
    public let mediaType: MediaType
    public let bytes: ByteBuffer

    public init(digest: Digest, mediaType: MediaType, bytes: ByteBuffer) {
        self.digest = digest
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

extension RegistryStore {
    /// No manifest larger than this is read back, whoever wrote it.
    private static let manifestLimit = 16 << 20

    /// The manifest, if `repository` has it and its bytes are what the digest says; a damaged one is as good as absent.
    public func manifest(
        _ digest: Digest, in repository: RepositoryName
    ) async throws(StorageError) -> StoredManifest? {
        guard try await objects.info(RegistryLayout.revisionLink(digest, in: repository)) != nil,
            let (bytes, _) = try await objects.read(RegistryLayout.blob(digest), limit: Self.manifestLimit),
            Digest(hashing: bytes, with: digest.algorithm) == digest
        else { return nil }
        return StoredManifest(
            digest: digest, mediaType: try await mediaType(of: bytes, digest, repository), bytes: bytes)
    }

    /// Stores a manifest whose digest was verified, and grants it to `repository`.
    public func put(
        _ manifest: StoredManifest, declared: MediaType?, in repository: RepositoryName, _ durability: Durability
    ) async throws(StorageError) {
        let digest = manifest.digest
        if manifest.mediaType != declared {
            let key = RegistryLayout.mediaType(digest, in: repository)
            try await objects.write(key, ByteBuffer(string: manifest.mediaType.value), durability)
        }
        try await claims.claim(digest) { () async throws(StorageError) in
            let isThere = try await refer(to: .content(digest)) {
                // It comes with its link.
                true
            } link: { () async throws(StorageError) in
                // Bytes that are there already may be there without a sync.
                let isHeld =
                    if durability == .durable { false } else {
                        try await objects.info(RegistryLayout.blob(digest))?.size == Int64(manifest.bytes.readableBytes)
                    }
                // The link makes the manifest visible.
                let link = link(RegistryLayout.revisionLink(digest, in: repository), to: digest)
                try await objects.carryOut(
                    isHeld ? [link] : [.write(RegistryLayout.blob(digest), manifest.bytes), link], durability)
            }
            guard isThere else { throw Self.removedMeanwhile(digest) }
        }
    }

    public static func removedMeanwhile(_ digest: Digest) -> StorageError {
        StorageError(
            .conflict, "the content was removed while it was stored; try again", key: RegistryLayout.blob(digest))
    }

    /// Whether `repository` has the manifest, without reading it.
    public func hasManifest(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) -> Bool {
        try await objects.info(RegistryLayout.revisionLink(digest, in: repository)) != nil
    }

    /// Takes the manifest from `repository`; its bytes stay, for others may have them.
    public func removeManifest(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) {
        try await claims.alone(digest) { () async throws(StorageError) in
            try await objects.delete(RegistryLayout.revisionFolder(digest, in: repository))
        }
        try await objects.delete(RegistryLayout.mediaType(digest, in: repository))
        try await objects.delete(RegistryLayout.kept(digest, in: repository))
        try await objects.delete(RegistryLayout.pullTime(of: .digest(digest), in: repository))
    }

    private func mediaType(
        of bytes: ByteBuffer, _ digest: Digest, _ repository: RepositoryName
    ) async throws(StorageError) -> MediaType {
        let content = try? Manifest.relayed(bytes.readableBytesView, besides: nil)
        // What such a one says of itself is never overruled.
        if let content, content.kind != .opaque, let declared = content.declaredMediaType { return declared }
        let key = RegistryLayout.mediaType(digest, in: repository)
        if let (text, _) = try await objects.read(key, limit: 256), let type = MediaType(String(buffer: text)) {
            return type
        }
        return content?.mediaType ?? .imageManifest
    }
}
