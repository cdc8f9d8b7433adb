/// Where a bucket is and how it is to be used.
public struct S3Settings: Sendable, Equatable {
    public enum Encryption: Sendable, Equatable {
        /// With keys of the store (`AES256`).
        case managed
        /// With a key of KMS; nil for the account's own.
        case kms(keyID: String?)
    }

    public var isSecure: Bool
    /// `host` or `host:port`, without the bucket.
    public var authority: String
    public var bucket: String
    public var region: String
    /// Goes before every key; empty, or without slashes at its ends.
    public var keyPrefix: String
    /// Whether the bucket stands in the path and not in the host's name.
    public var usesPathStyle: Bool
    /// PEM file of the authorities that may vouch for the store; nil for the system's.
    public var caBundle: String?
    public var storageClass: String?
    public var encryption: Encryption?
    /// Whether the store keeps to conditions of writes; nil where it is to be tried.
    public var keepsConditions: Bool?
    /// Bytes of one part of an upload. Smaller objects are written with one request.
    public var partSize: Int
    /// Whether all parts but the last must have the same size.
    public var hasUniformParts: Bool
    /// Bytes above which an object is copied in parts.
    public var copyThreshold: Int64
    /// Bytes of such a part.
    public var copyChunkSize: Int64
    /// Such parts under way at a time.
    public var copyJobs: Int
    /// Tries of one request, the first included.
    public var maxAttempts: Int
    public var connectTimeout: Duration
    /// Without progress.
    public var stallTimeout: Duration
    /// From the first try to the last, waiting for an answer included; a body that moves is not counted.
    public var retryBudget: Duration = .seconds(60)

    public init(
        isSecure: Bool, authority: String, bucket: String, region: String, keyPrefix: String = "",
        usesPathStyle: Bool, caBundle: String? = nil, storageClass: String? = nil, encryption: Encryption? = nil,
        partSize: Int, hasUniformParts: Bool, copyThreshold: Int64, copyChunkSize: Int64, copyJobs: Int,
        maxAttempts: Int, connectTimeout: Duration, stallTimeout: Duration
    ) {
        self.isSecure = isSecure
        self.authority = authority
        self.bucket = bucket
        self.region = region
        self.keyPrefix = keyPrefix
        self.usesPathStyle = usesPathStyle
        self.caBundle = caBundle
        self.storageClass = storageClass
        self.encryption = encryption
        self.partSize = partSize
        self.hasUniformParts = hasUniformParts
        self.copyThreshold = copyThreshold
        self.copyChunkSize = copyChunkSize
        self.copyJobs = copyJobs
        self.maxAttempts = maxAttempts
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
    }

    /// The smallest part that S3 takes, the last one aside.
    static let leastPart: Int64 = 5 << 20
    /// The most parts that an upload may have.
    static let mostParts = 10_000
}
