internal import CurlClient

/// Why a request to the store failed in the end. Names operation and bucket; never a key of ours, a signature or an
/// address that is signed.
public struct S3Error: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// There is no such object, upload or bucket.
        case absent
        /// A condition of the request does not hold, or another write came between.
        case conflict
        case denied
        /// The store can do no such thing.
        case unsupported
        case full
        /// It fails, is too slow or cannot be reached, and another try may succeed.
        case unavailable
        /// What it sent is no answer to what was asked.
        case invalidAnswer
        case cancelled
        /// Anything else that it refuses.
        case refused
    }

    public let kind: Kind
    /// The store's own word, such as `NoSuchKey`; empty where it gave none.
    public let code: String
    /// HTTP's; 0 where there was no answer.
    public let status: Int
    public let message: String
    public let cause: (any Error)?

    init(_ kind: Kind, code: String = "", status: Int = 0, _ message: String, cause: (any Error)? = nil) {
        self.kind = kind
        self.code = code
        self.status = status
        self.message = message
        self.cause = cause
    }

    public var description: String {
        let numbers = [code, status == 0 ? "" : "status \(status)"].filter { !$0.isEmpty }.joined(separator: ", ")
        return message + (numbers.isEmpty ? "" : " (\(numbers))") + (cause.map { ": \($0)" } ?? "")
    }
}

extension S3Error {
    init(_ error: CurlError) {
        switch error.code {
        case .cancelled: self.init(.cancelled, "the request was given up", cause: error)
        case .invalidRequest, .tls(.trustRoots), .tls(.clientCertificate):
            self.init(.refused, "the store cannot be asked; see storage.s3.endpoint and ca_bundle", cause: error)
        case .tls:
            self.init(
                .refused, "the store's certificate is not trusted; name its authority in storage.s3.ca_bundle",
                cause: error)
        case .tooLarge, .tooManyHeaders, .invalidResponse:
            self.init(.invalidAnswer, "the store's answer cannot be used", cause: error)
        default: self.init(.unavailable, "the store cannot be reached", cause: error)
        }
    }

    /// What the store answered instead of what was asked for.
    init(status: Int, code: String, said: String, operation: String) {
        let kind: Kind
        var remedy = ""
        switch (code, status) {
        case ("NoSuchBucket", _):
            (kind, remedy) = (.refused, "; create the bucket, or correct storage.s3.bucket")
        case ("NoSuchKey", _), ("NoSuchUpload", _), ("", 404), ("NotFound", 404): kind = .absent
        // Two requests at once, of which the store let one wait: with the status of a conflict.
        case ("OperationAborted", _): kind = .unavailable
        case ("PreconditionFailed", _), ("ConditionalRequestConflict", _), ("InvalidPart", _), (_, 412), (_, 409):
            kind = .conflict
        case ("RequestTimeTooSkewed", _): (kind, remedy) = (.denied, "; correct this machine's clock")
        case ("InvalidAccessKeyId", _), ("SignatureDoesNotMatch", _), ("ExpiredToken", _), ("InvalidToken", _):
            (kind, remedy) = (.denied, "; correct storage.s3.access_key_id and secret_key")
        case ("AccessDenied", _), (_, 401), (_, 403):
            (kind, remedy) = (.denied, "; allow it to the access key, or correct the key")
        case ("NotImplemented", _), ("MethodNotAllowed", _), (_, 405), (_, 501): kind = .unsupported
        case ("QuotaExceeded", _), ("XMinioStorageFull", _), ("InsufficientCapacity", _), (_, 507):
            (kind, remedy) = (.full, "; enlarge the bucket's quota, or free some of it")
        case ("SlowDown", _), ("RequestTimeout", _), ("InternalError", _), ("ServiceUnavailable", _),
            (_, 408), (_, 429), (_, 500...599):
            kind = .unavailable
        default: kind = .refused
        }
        self.init(
            kind, code: code, status: status,
            "the store refused \(operation)\(said.isEmpty ? "" : ": \(said)")\(remedy)")
    }

    var isWorthAnotherTry: Bool { kind == .unavailable }
}
