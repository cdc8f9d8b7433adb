internal import OCI

/// What goes wrong here, and with neither the request nor an upstream.
extension RegistryError {
    /// The client left, or the work it shared ended as it came.
    static let interrupted = RegistryError(
        .unavailable, "the request was interrupted; try again", retryAfter: 1)

    static let overloaded = RegistryError(
        .unavailable, "the server has too much under way; try again", retryAfter: 1)

    /// The store failed.
    init(_ error: some Error & CustomStringConvertible) {
        self.init(
            .unknown, status: 500, "the registry's storage failed; the server's log says why under this request's id",
            cause: error)
    }
}
