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

    private init(known value: String) { self.value = value }

    public var description: String { value }

    public static let imageManifest = MediaType(known: "application/vnd.oci.image.manifest.v1+json")
    public static let imageIndex = MediaType(known: "application/vnd.oci.image.index.v1+json")
    public static let dockerManifest = MediaType(known: "application/vnd.docker.distribution.manifest.v2+json")
    public static let dockerManifestList = MediaType(known: "application/vnd.docker.distribution.manifest.list.v2+json")
    public static let octetStream = MediaType(known: "application/octet-stream")
    public static let json = MediaType(known: "application/json")

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
