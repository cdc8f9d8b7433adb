public import Bundle
internal import FoundationEssentials
internal import Hashing
internal import NIOCore
public import OCI
public import RegistryClient
internal import Upstream

/// A file as an image: of one layer that holds it, or as an artifact whose one blob it is.
public struct FileImage: Sendable {
    /// The key of an annotation (OCI image specification, "Pre-Defined Annotation Keys") that tells the file's name.
    static let title = "org.opencontainers.image.title"

    public let digest: Digest
    let manifest: ByteBuffer
    let blobs: [OutgoingBlob]
    /// The blob that its configuration is.
    let config: ByteBuffer
    private struct Part: Encodable {
        var mediaType: String
        var digest: String
        var size: Int64
        var annotations: [String: String]?

        init(_ mediaType: String, _ digest: Digest, _ size: Int64, title: String? = nil) {
            self.mediaType = mediaType
            self.digest = digest.description
            self.size = size
            annotations = title.map { [FileImage.title: $0] }
        }
    }

    private struct Document: Encodable {
        var schemaVersion = 2
        var mediaType = MediaType.imageManifest.value
        var artifactType: String?
        var config: Part
        var layers: [Part]
    }

    private struct Configuration: Encodable {
        struct RootFS: Encodable {
            var type = "layers"
            var diff_ids: [String]
        }

        var architecture = "amd64"
        var os = "linux"
        var rootfs: RootFS
    }

    private init(_ document: Document, _ config: ByteBuffer, _ blobs: [OutgoingBlob]) throws {
        self.config = config
        manifest = ByteBuffer(bytes: try Self.json(document))
        digest = Digest(hashing: manifest)
        self.blobs = blobs
    }

    /// An image that anything which runs or copies images takes.
    ///
    /// - Parameters:
    ///   - layer: As ``FileLayer`` wrote it to `file`.
    ///   - name: Of the file.
    public static func wrapping(_ layer: FileLayer.Written, in file: OpenedFile, named name: String) throws -> FileImage
    {
        let text = try json(Configuration(rootfs: .init(diff_ids: [layer.diffID.description])))
        let bytes = ByteBuffer(bytes: text)
        let config = OutgoingBlob(bytes)
        return try FileImage(
            Document(
                config: Part("application/vnd.oci.image.config.v1+json", config.digest, config.size),
                layers: [Part("application/vnd.oci.image.layer.v1.tar+gzip", layer.digest, layer.size, title: name)]),
            bytes, [config, file.blob(layer.digest, layer.size)])
    }

    /// An artifact as ORAS makes it: the file itself is a blob.
    ///
    /// - Parameter type: What it is.
    public static func artifact(
        _ file: OpenedFile, _ digest: Digest, size: Int64, named name: String, type: MediaType
    ) throws -> FileImage {
        let bytes = ByteBuffer(string: "{}")
        let config = OutgoingBlob(bytes)
        return try FileImage(
            Document(
                artifactType: type.value,
                config: Part("application/vnd.oci.empty.v1+json", config.digest, config.size),
                layers: [Part(MediaType.octetStream.value, digest, size, title: name)]),
            bytes, [config, file.blob(digest, size)])
    }

    /// - Parameter progress: Told how many bytes are there, of how many.
    /// - Returns: How many bytes were sent: what the registry has is not.
    @discardableResult
    public func push(
        to registry: RemoteRegistry, _ repository: RepositoryName, tag: Tag?,
        progress: @escaping @Sendable (Int64, Int64) -> Void = { _, _ in }
    ) async throws -> Int64 {
        let tally = PushTally(total: blobs.reduce(0) { $0 + $1.size }, report: progress)
        var sent: Int64 = 0
        for var blob in blobs {
            let digest = blob.digest
            blob.progress = { tally.note(digest, $0) }
            if try await registry.push(blob, to: repository) == .uploaded { sent += blob.size }
            tally.note(digest, blob.size)
        }
        try await registry.push(manifest: manifest, .imageManifest, to: repository, tag: tag)
        return sent
    }

    private static func json(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}
