internal import OCI

/// A tag that a push points at its manifest.
struct TagMove {
    let tag: Tag
    /// Whether it may be moved only from what it named when that was judged.
    let isConditional: Bool
    /// What it named then; nil if nothing.
    let named: Digest?
}
