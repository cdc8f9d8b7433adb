internal import OCI
internal import Upstream

/// What those are told who pull and do not get it.
extension RegistryError {
    static func unknownManifest(_ reference: Reference, _ repository: Repository) -> RegistryError {
        RegistryError(.manifestUnknown, "the repository \(repository.name) does not hold the manifest \(reference)")
    }

    static func unknownBlob(_ digest: Digest, _ repository: Repository) -> RegistryError {
        RegistryError(.blobUnknown, "the repository \(repository.name) does not hold the blob \(digest)")
    }

    static func unknownName(_ repository: Repository) -> RegistryError {
        RegistryError(.nameUnknown, "there is no repository \(repository.name)")
    }

    /// The verdict as the client hears it.
    ///
    /// - Parameter absent: The code for content that the upstream does not have.
    init(_ verdict: UpstreamListError, absent: Code) {
        let error = verdict.decisive
        switch verdict.meaning {
        case .absent:
            self.init(absent, error.message, cause: error)
        case .denied:
            self.init(.denied, error.message, cause: error)
        case .failed:
            switch error.kind {
            case .rateLimited(let retryAfter):
                self.init(.tooManyRequests, error.message, retryAfter: retryAfter ?? 60, cause: error)
            case .capped(let retryAfter):
                self.init(.tooManyRequests, error.message, retryAfter: retryAfter, cause: error)
            case .timedOut:
                self.init(.unavailable, status: 504, error.message, cause: error)
            case .cancelled:
                self.init(.unavailable, status: 503, error.message, retryAfter: 1, cause: error)
            case .offline:
                self.init(.unavailable, status: 503, error.message, cause: error)
            case .rangeNotSatisfiable:
                self.init(.sizeInvalid, status: 416, error.message, cause: error)
            default:
                self.init(.unavailable, status: 502, error.message, cause: error)
            }
        }
    }

    /// The upstream answered, with something that cannot be used.
    static func badUpstream(_ message: String) -> RegistryError {
        RegistryError(.unavailable, status: 502, message)
    }

    /// - Parameter error: Why it is not to be had now.
    static func incomplete(_ missing: MissingPart, because error: RegistryError) -> RegistryError {
        let what =
            switch missing {
            case .blob(let digest): "the blob \(digest)"
            case .manifest(let digest): "the manifest \(digest)"
            }
        return RegistryError(
            error.code, status: error.status, "\(error.message); of this image \(what) is not held here",
            retryAfter: error.retryAfter, cause: error.cause)
    }
}
