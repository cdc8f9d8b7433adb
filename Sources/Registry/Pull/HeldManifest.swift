internal import Storage

/// A manifest that is in the store, or was a moment ago.
struct HeldManifest: Sendable {
    let manifest: StoredManifest
    /// Read from memory: it was read from the store a moment ago.
    var isHot = false
    /// Seconds since an upstream last said that the tag names it; nil where it was asked for by digest.
    var age: Int64?
}
