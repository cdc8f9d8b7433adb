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
    var condemned: ObjectKey { mark("condemned") }
    /// Says that it is being removed.
    package var sweeping: ObjectKey { mark("sweeping") }
    /// Says nothing: where a mark goes that was taken back.
    var rescued: ObjectKey { mark("rescued") }

    private func mark(_ name: String) -> ObjectKey {
        switch self {
        case .content(let digest): RegistryLayout.collection(name, digest)
        case .grant(let digest, let repository): RegistryLayout.collection(name, digest, in: repository)
        }
    }
}
