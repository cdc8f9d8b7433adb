/// What a namespace lets clients write.
public struct PushRules: Sendable, Equatable {
    /// A namespace with upstreams takes pushes as well: what was pushed here wins, and the upstreams have the rest.
    public var isOverlay: Bool
    /// HTTP status for writes to a namespace that takes none.
    public var refusalStatus: Int
    /// An index may name manifests that the repository does not hold.
    public var allowsMissingReferences: Bool

    public init(
        isOverlay: Bool = false, refusalStatus: Int = 405, allowsMissingReferences: Bool = true
    ) {
        self.isOverlay = isOverlay
        self.refusalStatus = refusalStatus
        self.allowsMissingReferences = allowsMissingReferences
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

    public init(manifestSize: Int = 4 << 20, blobSize: Int64 = 100 << 30, references: Int = 10_000) {
        self.manifestSize = manifestSize
        self.blobSize = blobSize
        self.references = references
    }
}
