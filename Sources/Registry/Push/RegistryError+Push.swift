public import OCI
internal import Storage

extension RegistryError {
    /// The store failed while something was being pushed or deleted: nothing was acknowledged, and what was before is
    /// still there.
    init(writing error: StorageError) {
        switch error.code {
        case .noSpace:
            self.init(
                .unavailable, status: 507, "the registry's storage is full; nothing was stored", cause: error)
        case .readOnly, .permissionDenied:
            self.init(
                .unavailable, status: 503, "the registry's storage cannot be written to; nothing was stored",
                cause: error)
        case .tooManyOpenFiles:
            self.init(.unavailable, status: 503, "the registry is too busy; try again", retryAfter: 1, cause: error)
        case .conflict:
            self.init(
                .unavailable, status: 503, "the same content is just being removed or replaced; try again",
                retryAfter: 1, cause: error)
        default:
            self.init(error)
        }
    }

    static func readOnly(_ repository: Repository) -> RegistryError {
        RegistryError(
            .unsupported, status: repository.namespace.pushes.refusalStatus,
            "the repository \(repository.name) is a mirror and takes no writes; push to a local namespace, or have the "
                + "operator set mode = \"overlay\"")
    }

    public static func unknownUpload(_ id: UploadID) -> RegistryError {
        RegistryError(
            .blobUploadUnknown, "there is no upload \(id) in this repository; it ended or expired: begin again")
    }

    public static func tooLargeManifest(_ limit: Int) -> RegistryError {
        RegistryError(.sizeInvalid, status: 413, "the manifest is larger than the \(limit) bytes allowed here")
    }

    static func immutable(_ tag: Tag, naming digest: Digest) -> RegistryError {
        RegistryError(
            .denied, status: 409, "the tag \(tag) names \(digest), and tags are immutable here; push under another tag")
    }

    static func missing(_ kind: String, _ digest: Digest, _ repository: Repository) -> RegistryError {
        RegistryError(
            .manifestBlobUnknown,
            "the manifest names the \(kind) \(digest), which \(repository.name) does not hold; push it first")
    }
}
