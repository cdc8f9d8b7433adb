public import OCI

/// A manifest that was stored.
public struct PushedManifest: Sendable, Equatable {
    public let digest: Digest
    /// What it says it refers to.
    public let subject: Digest?
}
