internal import OCI

/// What an import did.
public struct ImportReport: Sendable, Equatable {
    /// Tags that were set, and manifests that have none, by the names under which clients pull them.
    public var images: [ImageName] = []
    /// Contents that came, and those that were there already.
    public var contents = 0
    public var held = 0
    /// Bytes that came.
    public var bytes: Int64 = 0

    public init() {}
}
