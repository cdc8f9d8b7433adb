public import OCI

/// How far an upload session is.
public struct UploadStatus: Sendable, Equatable {
    public let id: UploadID
    /// Bytes received, without a gap.
    public let size: Int64

    public init(id: UploadID, size: Int64) {
        self.id = id
        self.size = size
    }
}

/// What became of content that was sent to an upload session.
public enum UploadOutcome: Sendable, Equatable {
    /// Added at the end.
    case accepted(UploadStatus)
    /// Not added, for it was meant for another place: to go on where the status says.
    case misplaced(UploadStatus)
    /// The session is over, and the repository holds the blob.
    case complete(Digest)
}

/// Where in the blob a piece of content belongs, as its sender says.
public struct UploadPart: Sendable, Equatable {
    /// The first byte and the one after the last; nil if the sender does not say: then at the end.
    public var range: Range<Int64>?
    /// Bytes that are being sent; nil if unknown.
    public var length: Int64?

    public init(range: Range<Int64>? = nil, length: Int64? = nil) {
        self.range = range
        self.length = length
    }
}
