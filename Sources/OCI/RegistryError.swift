/// An error as a client of the registry sees it: a code of the distribution specification, what went wrong, and what to
/// do about it. The cause stays with the server (log) and never reaches the client.
public struct RegistryError: Error, Sendable {
    /// The specification's codes ("Error Codes"), with the status each goes with.
    public enum Code: String, Sendable, CaseIterable {
        case blobUnknown = "BLOB_UNKNOWN"
        case blobUploadInvalid = "BLOB_UPLOAD_INVALID"
        case blobUploadUnknown = "BLOB_UPLOAD_UNKNOWN"
        case digestInvalid = "DIGEST_INVALID"
        case manifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN"
        case manifestInvalid = "MANIFEST_INVALID"
        case manifestUnknown = "MANIFEST_UNKNOWN"
        case nameInvalid = "NAME_INVALID"
        case nameUnknown = "NAME_UNKNOWN"
        case sizeInvalid = "SIZE_INVALID"
        case unauthorized = "UNAUTHORIZED"
        case denied = "DENIED"
        case unsupported = "UNSUPPORTED"
        case tooManyRequests = "TOOMANYREQUESTS"
        /// Not in the specification's table, but what Docker's registry always sent for failures that are not the client's.
        case unavailable = "UNAVAILABLE"
        case unknown = "UNKNOWN"

        /// The status that usually goes with the code.
        public var status: Int {
            switch self {
            case .blobUnknown, .blobUploadUnknown, .manifestUnknown, .nameUnknown: 404
            case .manifestBlobUnknown, .blobUploadInvalid, .digestInvalid, .manifestInvalid, .nameInvalid, .sizeInvalid:
                400
            case .unauthorized: 401
            case .denied: 403
            case .unsupported: 405
            case .tooManyRequests: 429
            case .unavailable: 503
            case .unknown: 500
            }
        }
    }

    public let code: Code
    /// HTTP status, where it is not the code's own: 502, 503 and 504 for what an upstream or the store did.
    public let status: Int
    /// For the client: what went wrong and the remedy. Holds no secret and no internal path.
    public let message: String
    /// Seconds, for `Retry-After`.
    public let retryAfter: Int?
    /// The methods that the path does take, for `Allow`; with status 405 only.
    public var allowedMethods: [String]?
    /// For the log.
    public let cause: (any Error)?

    public init(
        _ code: Code, status: Int? = nil, _ message: String, retryAfter: Int? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.status = status ?? code.status
        self.message = message
        self.retryAfter = retryAfter
        self.cause = cause
    }
}

extension RegistryError: CustomStringConvertible {
    public var description: String {
        "\(status) \(code.rawValue): \(message)" + (cause.map { " (cause: \($0))" } ?? "")
    }
}
