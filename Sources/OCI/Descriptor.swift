/// A content descriptor (OCI image specification, "Content Descriptors"): the fields a registry looks at.
public struct Descriptor: Hashable, Sendable {
    public let mediaType: MediaType
    public let digest: Digest
    /// Bytes.
    public let size: Int64
    public let artifactType: String?
    public let annotations: [String: String]?
    /// The content itself, embedded by whoever made the descriptor; base64 text, not decoded.
    public let data: String?

    public init(
        mediaType: MediaType, digest: Digest, size: Int64, artifactType: String? = nil,
        annotations: [String: String]? = nil, data: String? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.artifactType = artifactType
        self.annotations = annotations
        self.data = data
    }
}
