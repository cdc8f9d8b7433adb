internal import Hashing
internal import NIOCore
public import OCI

/// What is removed when nothing refers to it any more, after it was condemned and left alone for a while.
public enum Collectable: Hashable, Sendable {
    /// The bytes of a blob or manifest; links of repositories refer to them.
    case content(Digest)
    /// A repository's link to a blob; its manifests refer to it.
    case grant(Digest, in: RepositoryName)

    /// The object itself.
    var target: ObjectKey {
        switch self {
        case .content(let digest): RegistryLayout.blob(digest)
        case .grant(let digest, let repository): RegistryLayout.layerLink(digest, in: repository)
        }
    }

    /// What goes with it.
    var folder: ObjectKey {
        switch self {
        case .content(let digest): RegistryLayout.blobFolder(digest)
        case .grant(let digest, let repository): RegistryLayout.layerFolder(digest, in: repository)
        }
    }

    var digest: Digest {
        switch self {
        case .content(let digest), .grant(let digest, _): digest
        }
    }

    /// Says that it is to be removed, unless somebody begins to refer to it.
    var condemned: ObjectKey {
        switch self {
        case .content(let digest): RegistryLayout.condemned(digest)
        case .grant(let digest, let repository): RegistryLayout.condemned(digest, in: repository)
        }
    }

    /// Says that it is being removed.
    ///
    /// - Parameter round: Of the collector, so that several never take one's mark for another's.
    package func sweeping(_ round: CollectionRound) -> ObjectKey { RegistryLayout.sweeping(sweepPrefix + round.name) }

    /// What the names of its sweeps begin with.
    var sweepPrefix: String { name + "." }

    /// One level of a path, whatever the repository's name.
    private var name: String {
        switch self {
        case .content(let digest): "\(digest.algorithm.rawValue)-\(digest.hex)"
        case .grant(let digest, let repository):
            "link-" + Digest(hashing: ByteBuffer(string: "\(repository)@\(digest)")).hex
        }
    }
}
