public import Access

/// `[storage.s3]`: a bucket in distribution's layout.
public struct S3StorageSection: Sendable, Equatable {
    /// Which key signs, and where its secret came from.
    public struct Keys: Sendable, Equatable {
        public enum Source: Sendable, Equatable {
            /// `secret_key`
            case inline
            /// `secret_key_file`
            case file(path: String)
        }

        public let accessKeyID: String
        public let secretKey: Secret
        public let sessionToken: Secret?
        public let source: Source
    }

    /// Who is sent to the bucket itself for a blob.
    public enum BlobRedirect: String, Sendable, Equatable, CaseIterable {
        case never, auto, always
    }

    public enum Encryption: String, Sendable, Equatable, CaseIterable {
        case none
        case managed = "AES256"
        case kms = "aws:kms"
    }

    /// nil is AWS in `region`.
    public var endpoint: UpstreamURL?
    public var bucket: String
    public var region = "us-east-1"
    /// Without slashes at its ends; empty for none.
    public var keyPrefix = ""
    /// nil where the environment has it.
    public var keys: Keys?
    /// Whether the bucket stands in the path and not in the host's name.
    public var usesPathStyle: Bool
    public var caBundle: String?
    public var storageClass: String?
    public var encryption = Encryption.none
    public var kmsKeyID: String?
    public var multipartMinPartSize: DataSize = .mebibytes(16)
    public var multipartCopyThreshold: DataSize = .gibibytes(5)
    public var multipartCopyChunkSize: DataSize = .mebibytes(100)
    public var multipartCopyJobs = 4
    public var hasUniformParts = false
    public var maxAttempts = 5
    public var connectTimeout: Seconds = .seconds(5)
    public var stallTimeout: Seconds = .seconds(30)
    public var blobRedirect = BlobRedirect.never
    /// With `auto`: whom.
    public var redirectNetworks: [ClientAddressBlock] = []
    /// Where content grows on local disk until it is whole.
    public var spoolDirectory: String
    /// Bytes that it may take there at a time; nil for what the disk has.
    public var spoolSize: DataSize?
    /// Whether the store keeps to conditions of writes; nil where that is found out at the start.
    public var keepsConditions: Bool?
    /// A folder in front of the bucket.
    public var cache: StorageCacheSection?

    /// Where requests go, without the bucket.
    public var authority: String { endpoint?.authority ?? "s3.\(region).amazonaws.com" }
    public var isSecure: Bool { endpoint.map { $0.scheme == .https } ?? true }
    public var address: String { "\(isSecure ? "https" : "http")://\(authority)" }
}
