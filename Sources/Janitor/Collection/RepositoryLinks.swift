import OCI
import Storage

/// All that a repository has links to.
struct RepositoryLinks {
    var blobs: [Digest] = []
    var manifests: [Digest] = []
    var empty: [(LinkKind, Digest)] = []
    /// Of the folders, in the order in which they are read; nil if a later change might not show.
    var versions: [FolderVersion]? = []
    /// Those that are condemned.
    var doomed: Set<Digest> = []
    /// When the first of those was, by seconds since 1970.
    var firstMark: Int64?
    /// Of no use for the next round: what the manifests name is not known, or something was removed.
    var isPassing = false

    mutating func doom(_ digest: Digest, at time: Int64) {
        doomed.insert(digest)
        firstMark = min(firstMark ?? time, time)
    }

    private static let folders = LinkKind.allCases.flatMap { kind in
        Digest.Algorithm.allCases.map { (kind: kind, algorithm: $0) }
    }

    /// Links to blobs first: a push makes those before its manifest, so that what is found is not looked for too early.
    mutating func read(_ name: RepositoryName, _ store: RegistryStore) async throws(StorageError) {
        for (kind, algorithm) in Self.folders {
            guard let found = try await store.linked(kind, algorithm, of: name) else { continue }
            switch kind {
            case .blobs: blobs += found.digests
            case .manifests: manifests += found.digests
            }
            empty += found.empty.map { (kind, $0) }
            if let version = found.version { versions?.append(version) } else { versions = nil }
        }
    }

    static func areUnchanged(
        _ name: RepositoryName, _ versions: [FolderVersion], _ store: RegistryStore
    ) async throws(StorageError) -> Bool {
        for ((kind, algorithm), version) in zip(folders, versions)
        where try await store.linked(kind, algorithm, of: name, unless: version) != nil { return false }
        return versions.count == folders.count
    }
}
