public import OCI

/// What a repository has links to.
public enum LinkKind: Sendable, CaseIterable {
    case blobs, manifests

    fileprivate func folder(of repository: RepositoryName, _ algorithm: Digest.Algorithm) -> ObjectKey {
        switch self {
        case .blobs: RegistryLayout.layers(of: repository, algorithm)
        case .manifests: RegistryLayout.revisions(of: repository, algorithm)
        }
    }
}

/// Links of one kind and algorithm.
public struct LinkedDigests: Sendable {
    public var digests: [Digest]
    /// Folders of links that are gone, as distribution leaves them.
    public var empty: [Digest]
    /// Nil if a later change might not show.
    public var version: FolderVersion?
}

/// Looking at all there is.
extension RegistryStore {
    /// The digests that `repository` has links to.
    ///
    /// - Returns: Nil if there are the same as at `version`.
    public func linked(
        _ kind: LinkKind, _ algorithm: Digest.Algorithm, of repository: RepositoryName,
        unless version: FolderVersion? = nil
    ) async throws(StorageError) -> LinkedDigests? {
        let folder = kind.folder(of: repository, algorithm)
        guard let look = try await objects.look(at: folder, for: "link", unless: version) else { return nil }
        return LinkedDigests(
            digests: look.holding.compactMap { Digest(algorithm: algorithm, hex: $0) },
            empty: look.empty.compactMap { Digest(algorithm: algorithm, hex: $0) }, version: look.version)
    }

    /// What a link to a blob holds, where that is not what its name says: distribution keeps what was pushed by another
    /// algorithm's digest under that of SHA-256, and has a link of each.
    public func alias(_ digest: Digest, in repository: RepositoryName) async throws(StorageError) -> Digest? {
        do throws(StorageError) {
            let found = try await link(RegistryLayout.layerLink(digest, in: repository))?.digest
            return found == digest ? nil : found
        } catch {
            guard error.isDamage else { throw error }
            return nil
        }
    }

    /// Removes the folder of a link that is gone, unless it has come back.
    public func removeEmptyFolder(
        _ kind: LinkKind, _ digest: Digest, of repository: RepositoryName
    ) async throws(StorageError) {
        try await claims.alone(digest) { () async throws(StorageError) in
            switch kind {
            case .blobs: try await objects.prune(RegistryLayout.layerFolder(digest, in: repository))
            case .manifests: try await objects.prune(RegistryLayout.revisionFolder(digest, in: repository))
            }
        }
    }

    /// The first two digits under which contents lie.
    public func contentShelves(_ algorithm: Digest.Algorithm) async throws(StorageError) -> [String] {
        try await objects.list(RegistryLayout.blobs(algorithm), after: nil, limit: .max)
    }

    /// The contents on a shelf, also those of which nothing but the folder is left.
    ///
    /// - Returns: Nil if there are the same as at `version`.
    public func contents(
        _ algorithm: Digest.Algorithm, shelf: String, unless version: FolderVersion?
    ) async throws(StorageError) -> LinkedDigests? {
        guard let folder = RegistryLayout.blobs(algorithm).child(shelf) else {
            return LinkedDigests(digests: [], empty: [], version: nil)
        }
        guard let look = try await objects.look(at: folder, for: nil, unless: version) else { return nil }
        return LinkedDigests(
            digests: look.holding.compactMap { Digest(algorithm: algorithm, hex: $0) }, empty: [], version: look.version
        )
    }

    /// The contents on a shelf, also those of which nothing but the folder is left.
    public func contents(_ algorithm: Digest.Algorithm, shelf: String) async throws(StorageError) -> [Digest] {
        try await contents(algorithm, shelf: shelf, unless: nil)?.digests ?? []
    }
}
