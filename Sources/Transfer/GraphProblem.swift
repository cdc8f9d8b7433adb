public import OCI

/// Why an image cannot be pulled from what is held.
public struct GraphProblem: Hashable, Sendable {
    public enum Kind: String, Sendable, Encodable {
        /// No tag of that name.
        case tagMissing = "tag-missing"
        case manifestMissing = "manifest-missing"
        case blobMissing = "blob-missing"
        /// The bytes are here for another repository.
        case notGranted = "not-granted"
        /// There are more or fewer bytes than the manifest says.
        case wrongSize = "wrong-size"
        /// The bytes are not what the digest says.
        case damaged
        /// Indexes lie within each other deeper than is followed.
        case tooDeep = "too-deep"
    }

    public let kind: Kind
    /// What is missing, or wrong; nil for a tag.
    public let digest: Digest?
    /// The manifest that names it; nil for what was asked for itself.
    public let parent: Digest?

    package init(kind: Kind, digest: Digest?, parent: Digest?) {
        self.kind = kind
        self.digest = digest
        self.parent = parent
    }

    public var text: String {
        let what =
            switch kind {
            case .tagMissing: "the tag is not held"
            case .manifestMissing: "the manifest \(name) is not held"
            case .blobMissing: "the blob \(name) is not held"
            case .notGranted: "the blob \(name) is held for other repositories only"
            case .wrongSize: "the blob \(name) has another size than the manifest says"
            case .damaged: "the bytes of \(name) are damaged"
            case .tooDeep: "the index \(name) lies too deep within others"
            }
        return what + (parent.map { ", which \($0) names" } ?? "")
    }

    private var name: String { digest?.description ?? "?" }
}
