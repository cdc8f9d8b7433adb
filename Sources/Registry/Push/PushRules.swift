/// What a namespace lets clients write.
public struct PushRules: Sendable, Equatable {
    /// A namespace with upstreams takes pushes as well: what was pushed here wins, and the upstreams have the rest.
    public var isOverlay: Bool
    /// HTTP status for writes to a namespace that takes none.
    public var refusalStatus: Int
    public var missingReferences: MissingReferences

    /// Which manifests may name what the repository does not hold.
    public enum MissingReferences: Sendable {
        case none
        /// An index may name manifests; what an image names must be there.
        case inIndexes
        case anywhere
    }

    public init(
        isOverlay: Bool, refusalStatus: Int, missingReferences: MissingReferences
    ) {
        self.isOverlay = isOverlay
        self.refusalStatus = refusalStatus
        self.missingReferences = missingReferences
    }
}

/// Bounds on what is pushed.
public struct PushLimits: Sendable {
    /// Bytes.
    public var manifestSize: Int
    /// Bytes.
    public var blobSize: Int64
    /// Descriptors in one manifest.
    public var references: Int

    public init(manifestSize: Int, blobSize: Int64, references: Int = 10_000) {
        self.manifestSize = manifestSize
        self.blobSize = blobSize
        self.references = references
    }
}
