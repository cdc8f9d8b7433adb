/// What scrub looks at.
public enum ScrubPart: String, Sendable, CaseIterable {
    /// Uploads that broke off.
    case uploads
    /// What tags name.
    case tags
    /// Manifests, what they name, and their referrers.
    case manifests
    /// Links to blobs.
    case links
    /// Bytes, by their digests.
    case blobs
}
