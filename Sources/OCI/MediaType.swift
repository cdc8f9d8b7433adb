/// A media type as it was sent, with the few that a registry must know by name.
public struct MediaType: Hashable, Sendable, CustomStringConvertible {
    public let value: String

    /// Nil unless `text` is printable ASCII of at most 255 characters holding a slash: it goes back out in a header.
    public init?(_ text: some StringProtocol) {
        guard (3...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }),
            text.utf8.contains(UInt8(ascii: "/"))
        else { return nil }
        self.value = String(text)
    }

    /// The type that a `Content-Type` field names, without its parameters: they say nothing of a manifest.
    public init?(field: some StringProtocol) {
        let type = field.prefix { $0 != ";" }
        self.init(String(type.filter { $0 != " " && $0 != "\t" }))
    }

    private init(known value: String) { self.value = value }

    public var description: String { value }

    public static let imageManifest = MediaType(known: "application/vnd.oci.image.manifest.v1+json")
    public static let imageIndex = MediaType(known: "application/vnd.oci.image.index.v1+json")
    public static let dockerManifest = MediaType(known: "application/vnd.docker.distribution.manifest.v2+json")
    public static let dockerManifestList = MediaType(known: "application/vnd.docker.distribution.manifest.list.v2+json")
    public static let octetStream = MediaType(known: "application/octet-stream")
    public static let json = MediaType(known: "application/json")

    /// What a manifest of this type is; nil where the type does not tell.
    public var manifestKind: Manifest.Kind? {
        switch self {
        case .imageManifest, .dockerManifest: .image
        case .imageIndex, .dockerManifestList: .index
        default: nil
        }
    }

    /// Whether a manifest may go by it: `application/vnd.*+json`, or one of the two that say nothing. A browser shows none
    /// of them as a page.
    public var mayNameManifest: Bool {
        if self == .json || self == .octetStream { return true }
        let parts = value.split(separator: "/", maxSplits: 1)
        return parts[0] == "application" && parts[1].hasPrefix("vnd.") && parts[1].hasSuffix("+json")
            && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ",") }
    }

    /// A layer that its publisher lets nobody else distribute: clients fetch it from there and do not push it.
    public var isForeignLayer: Bool {
        value.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.")
            || value.hasPrefix("application/vnd.docker.image.rootfs.foreign.diff.tar")
    }

    /// Docker image manifest version 2, schema 1: refused everywhere.
    public var isSchema1: Bool {
        value.hasPrefix("application/vnd.docker.distribution.manifest.v1+")
    }
}
