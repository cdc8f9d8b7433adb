public import NIOCore
public import OCI

/// Blobs, manifests, tags and referrers in an ``ObjectStore``, in distribution's layout. Knows nothing of upstreams, of
/// requests, or of who may do what.
public struct RegistryStore: Sendable {
    let objects: any ObjectStore
    /// Shared by all copies of this value.
    public let claims = ContentClaims()
    /// A link holds one digest; nothing longer is read as one.
    private static let linkLimit = 256

    public init(objects: any ObjectStore) {
        self.objects = objects
    }

    // MARK: Blobs

    /// How to serve the content of a blob; nil if it is not stored.
    public func blob(_ digest: Digest) async throws(StorageError) -> ObjectContent? {
        try await objects.content(RegistryLayout.blob(digest))
    }

    /// The same for who reads a part of it right away; nil for the whole.
    public func blob(_ digest: Digest, reading part: ByteRange?) async throws(StorageError) -> ObjectContent? {
        try await objects.content(RegistryLayout.blob(digest), reading: part)
    }

    /// The whole of a blob of at most `limit` bytes.
    ///
    /// - Throws: `StorageError.Code.tooLarge` if it has more.
    public func smallBlob(_ digest: Digest, limit: Int) async throws(StorageError) -> ByteBuffer? {
        try await objects.read(RegistryLayout.blob(digest), limit: limit)?.bytes
    }

    public func blobInfo(_ digest: Digest) async throws(StorageError) -> ObjectInfo? {
        try await objects.info(RegistryLayout.blob(digest))
    }

    /// Makes a complete and verified local file the content of `digest`.
    public func adoptBlob(file path: String, _ digest: Digest, _ durability: Durability) async throws(StorageError) {
        try await claims.claim(digest) { () async throws(StorageError) in
            try await objects.adopt(file: path, as: RegistryLayout.blob(digest), durability)
        }
    }

    /// Whether `repository` was granted the blob: it was pushed or pulled through it.
    public func isGranted(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) -> Bool {
        try await objects.info(RegistryLayout.layerLink(digest, in: repository)) != nil
    }

    public func grant(
        _ digest: Digest, in repository: RepositoryName, _ durability: Durability
    ) async throws(StorageError) {
        try await claims.claim(digest) { () async throws(StorageError) in
            // Of content that can be had again no more is promised: if it goes the link leads nowhere, which who reads
            // finds out.
            try await rescue(.content(digest))
            try await writeLink(RegistryLayout.layerLink(digest, in: repository), digest, durability)
        }
    }

    /// Grants stored bytes for good; false if there are none.
    public func mount(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) -> Bool {
        try await claims.claim(digest) { () async throws(StorageError) in
            // If not, the link may be there and leads nowhere. It is left: another may have brought the bytes by now.
            try await refer(to: .content(digest), by: .grant(digest, in: repository)) { () async throws(StorageError) in
                // They may have come as a cache's content, which a power loss may take.
                try await objects.settle(RegistryLayout.blob(digest))
            } link: { () async throws(StorageError) in
                try await writeLink(RegistryLayout.layerLink(digest, in: repository), digest, .durable)
            }
        }
    }

    // MARK: Links

    /// The digest that a link file holds; nil if there is none, or it holds no digest.
    func link(_ key: ObjectKey) async throws(StorageError) -> (digest: Digest, info: ObjectInfo)? {
        guard let (bytes, info) = try await objects.read(key, limit: Self.linkLimit) else { return nil }
        return (try Self.digest(in: bytes, key), info)
    }

    private static func digest(in bytes: ByteBuffer, _ key: ObjectKey) throws(StorageError) -> Digest {
        var text = Substring(String(buffer: bytes))
        while text.last?.isWhitespace == true { text.removeLast() }
        guard let digest = Digest(text) else {
            throw StorageError(
                .corrupt, "the link holds no digest; remove it, or push or pull the content again", key: key)
        }
        return digest
    }

    /// Writes a link that holds nothing, or `old`: of several who do so at once one, as far as the store can tell.
    ///
    /// - Returns: False if it holds something else by now.
    func writeLink(
        _ key: ObjectKey, _ digest: Digest, over old: Digest?, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        var expected: ByteBuffer?
        if let old {
            // As it stands there, which may end in a line feed.
            guard let (bytes, _) = try await objects.read(key, limit: Self.linkLimit),
                try Self.digest(in: bytes, key) == old
            else { return false }
            expected = bytes
        }
        return try await objects.write(key, ByteBuffer(string: digest.description), over: expected, durability)
    }

    /// A link that is made with others.
    func link(_ key: ObjectKey, to digest: Digest) -> ObjectChange {
        .write(key, ByteBuffer(string: digest.description))
    }

    func writeLink(_ key: ObjectKey, _ digest: Digest, _ durability: Durability) async throws(StorageError) {
        try await objects.write(key, ByteBuffer(string: digest.description), durability)
    }
}
