internal import NIOCore
public import OCI

/// What the janitor looks at and takes away.
extension RegistryStore {
    /// The blobs that `repository` was granted, with the seconds since 1970 of the grant.
    public func grants(of repository: RepositoryName) async throws(StorageError) -> [(digest: Digest, time: Int64)] {
        try await linked(RegistryLayout.layers(of:_:), RegistryLayout.layerLink(_:in:), repository)
    }

    /// The manifests that `repository` has, with the seconds since 1970 when each came.
    public func manifests(
        of repository: RepositoryName
    ) async throws(StorageError) -> [(digest: Digest, time: Int64)] {
        try await linked(RegistryLayout.revisions(of:_:), RegistryLayout.revisionLink(_:in:), repository)
    }

    private func linked(
        _ folder: (RepositoryName, Digest.Algorithm) -> ObjectKey, _ link: (Digest, RepositoryName) -> ObjectKey,
        _ repository: RepositoryName
    ) async throws(StorageError) -> [(digest: Digest, time: Int64)] {
        var found: [(digest: Digest, time: Int64)] = []
        for algorithm in Digest.Algorithm.allCases {
            for name in try await objects.list(folder(repository, algorithm), after: nil, limit: .max) {
                // Who deletes, distribution among them, may leave the folder of the link.
                guard let digest = Digest(algorithm: algorithm, hex: name),
                    let info = try await objects.info(link(digest, repository))
                else { continue }
                found.append((digest, info.modified))
            }
        }
        return found
    }

    /// Takes the grant back, and the folder that held it; the content stays, for others may have it.
    public func removeGrant(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) {
        try await claims.alone(digest) { () async throws(StorageError) in
            try await objects.delete(RegistryLayout.layerLink(digest, in: repository))
            // If nothing lies in it: another process may grant the blob again at this moment.
            try await objects.prune(RegistryLayout.layerFolder(digest, in: repository))
        }
    }

    /// Removes the bytes of a digest of which no link was seen by who began to look at `watch`, unless there is a newer
    /// claim to them. Who reads them reads them to their end.
    ///
    /// - Returns: How many bytes there were; nil if they stay, or were not there.
    public func removeContent(
        _ digest: Digest, unclaimedSince watch: ContentClaims.Watch
    ) async throws(StorageError) -> Int64? {
        try await claims.alone(digest) { () async throws(StorageError) in
            guard !claims.isClaimed(digest, since: watch),
                let info = try await objects.info(RegistryLayout.blob(digest))
            else { return nil }
            try await objects.delete(RegistryLayout.blob(digest))
            try await objects.delete(RegistryLayout.blobFolder(digest))
            return info.size
        }
    }

    // MARK: What is not a cache's

    /// Says that a manifest was put here by somebody, and is not to be had again from an upstream.
    public func keep(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) {
        try await writeLink(RegistryLayout.kept(digest, in: repository), digest, .durable)
    }

    /// Says that everything in `repository` was put there by somebody.
    public func keepAll(in repository: RepositoryName) async throws(StorageError) {
        let key = RegistryLayout.keptWhole(repository)
        if !objects.isRemote, try await objects.info(key) != nil { return }
        try await objects.write(key, .init(string: "entrepot: pushed content\n"), .durable)
    }

    public func isKept(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) -> Bool {
        try await objects.info(RegistryLayout.kept(digest, in: repository)) != nil
    }

    public func isKeptWhole(_ repository: RepositoryName) async throws(StorageError) -> Bool {
        try await objects.info(RegistryLayout.keptWhole(repository)) != nil
    }
}
