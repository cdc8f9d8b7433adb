internal import Access
internal import OCI

/// What became of a request, carried to the log.
struct RequestNote: Sendable {
    var action: Action?
    /// Nil for who is not known.
    var identity: Identity?
    var error: RegistryError?
    var cache: String?
}
