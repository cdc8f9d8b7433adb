public import OCI

/// An image that rules judge: what a tag names, or a manifest without one.
public struct RetentionCandidate: Sendable {
    /// Nil for a manifest that no tag names.
    public var tag: Tag?
    public var digest: Digest
    /// Seconds since 1970.
    public var pushedAt: Int64
    /// Seconds since 1970; 0 if it never was.
    public var lastPulledAt: Int64
    public var labels: [String: String]
    public var annotations: [String: String]
    /// Bytes of the manifest and all that it names.
    public var size: Int64
    /// Whether signatures and the like refer to it.
    public var hasReferrers: Bool

    public init(
        tag: Tag?, digest: Digest, pushedAt: Int64, lastPulledAt: Int64 = 0, labels: [String: String] = [:],
        annotations: [String: String] = [:], size: Int64 = 0, hasReferrers: Bool = false
    ) {
        self.tag = tag
        self.digest = digest
        self.pushedAt = pushedAt
        self.lastPulledAt = lastPulledAt
        self.labels = labels
        self.annotations = annotations
        self.size = size
        self.hasReferrers = hasReferrers
    }
}
