import FoundationEssentials

/// The few fields of a manifest or index that a registry must understand. The bytes themselves are kept and served as
/// they came; a `Manifest` is only ever read from them.
public struct Manifest: Sendable {
    public enum Kind: Sendable {
        case image
        case index
        /// Of a type that nobody here knows: what it refers to is not known either.
        case opaque
    }

    public let kind: Kind
    /// What it says of itself, or what its shape says where it is silent.
    public let mediaType: MediaType
    /// What it says of itself; nil where it is silent.
    public let declaredMediaType: MediaType?
    public let artifactType: String?
    public let config: Descriptor?
    public let layers: [Descriptor]
    /// The children of an index.
    public let manifests: [Descriptor]
    public let subject: Descriptor?
    public let annotations: [String: String]?

    /// The type to serve it as: what the bytes say counts. The field that came beside them does where they are silent and it
    /// does not contradict their shape; static hosts and proxies send `text/plain` and the like.
    public func mediaType(besides field: MediaType?) -> MediaType {
        guard declaredMediaType == nil, let field, field.mayNameManifest, field != .json, field != .octetStream,
            (field.manifestKind ?? kind) == kind
        else { return mediaType }
        return field
    }

    /// What a client fetches as blobs: configuration, then layers.
    public var blobs: [Descriptor] {
        (config.map { [$0] } ?? []) + layers
    }

    /// The children of an index that may be manifests by their types.
    public var images: [Descriptor] { manifests.filter(\.mediaType.mayNameManifest) }

    /// Those that are none: the cache of BuildKit has layers and its configuration there.
    public var blobsOfIndex: [Descriptor] { manifests.filter { !$0.mediaType.mayNameManifest } }

    /// Reads the fields from a manifest's bytes.
    ///
    /// - Throws: `ManifestError` when they are not JSON, are Docker's schema 1, or describe neither an image nor an index.
    public init(_ bytes: some Sequence<UInt8>) throws(ManifestError) {
        let bytes = Array(bytes)
        do throws(JSONSyntaxError) {
            try JSONSyntax.check(bytes)
        } catch {
            throw ManifestError(description: "the manifest is not JSON: \(error)")
        }
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(bytes))
        } catch {
            throw ManifestError(description: "the manifest \(Self.fault(error))")
        }
        guard fields.schemaVersion == 2, fields.fsLayers == nil else {
            throw ManifestError(
                description: "the manifest has schema version \(fields.schemaVersion ?? 0); only 2 is supported")
        }
        let declared = fields.mediaType.flatMap { MediaType($0) }
        guard declared?.mayNameManifest ?? true else {
            throw ManifestError(description: "the manifest's `mediaType` is not a manifest's")
        }
        declaredMediaType = declared
        switch (fields.manifests, fields.config, fields.layers ?? fields.blobs) {
        case (let manifests?, nil, nil):
            kind = .index
            self.manifests = try Self.descriptors(manifests)
            layers = []
            config = nil
            mediaType = declared ?? .imageIndex
        case (nil, let config, let layers) where config != nil || layers != nil:
            kind = .image
            manifests = []
            self.config = try config.map { (field) throws(ManifestError) in try field.descriptor() }
            self.layers = try Self.descriptors(layers ?? [])
            mediaType = declared ?? .imageManifest
        default:
            throw ManifestError(
                description: "the manifest has neither `manifests` nor `config` and `layers`, or has both")
        }
        subject = try fields.subject.map { (field) throws(ManifestError) in try field.descriptor() }
        artifactType = fields.artifactType
        annotations = fields.annotations
    }

    /// As ``init(_:)``, but takes what is neither image nor index as well, if it says of what type it is: a mirror passes on
    /// what it need not understand.
    ///
    /// - Parameter field: The type that came beside the bytes.
    public static func relayed(
        _ bytes: some Sequence<UInt8>, besides field: MediaType?
    ) throws(ManifestError) -> Manifest {
        let bytes = Array(bytes)
        do throws(ManifestError) {
            return try Manifest(bytes)
        } catch {
            guard let opaque = Manifest(opaque: bytes, field) else { throw error }
            return opaque
        }
    }

    private init?(opaque bytes: [UInt8], _ field: MediaType?) {
        guard (try? JSONSyntax.check(bytes)) != nil,
            let opening = try? JSONDecoder().decode(Opening.self, from: Data(bytes)), !opening.hasLayersOfSchema1,
            let type = opening.mediaType.map({ MediaType($0) }) ?? field, type.mayNameManifest, type != .json,
            type != .octetStream, type.manifestKind == nil, !type.isSchema1
        else { return nil }
        kind = .opaque
        mediaType = type
        declaredMediaType = opening.mediaType.flatMap { MediaType($0) }
        artifactType = nil
        config = nil
        layers = []
        manifests = []
        subject = try? opening.subject?.descriptor()
        annotations = nil
    }

    /// What is wrong with a field, in the words of the specification and none of the decoder's.
    private static func fault(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, let context)?:
            "lacks `\(key.stringValue)` in \(place(context.codingPath))"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
            "has a value of the wrong kind in \(place(context.codingPath))"
        // The syntax was right, so this is what is left; the decoder does not say where.
        case .dataCorrupted?: "holds a number that is out of range"
        default: "is not the JSON of a manifest or index"
        }
    }

    /// Only keys that this type knows are on the path, so no text of a stranger's is repeated; but annotations are.
    private static func place(_ path: [any CodingKey]) -> String {
        let names = path.prefix { $0.stringValue != "annotations" }
        let steps = names.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }
        let isCut = names.count < path.count
        let text = steps.joined() + (isCut ? ".annotations" : "")
        return text.isEmpty ? "its outermost object" : "`\(text.drop { $0 == "." })`"
    }

    private static func descriptors(_ fields: [Fields.DescriptorFields]) throws(ManifestError) -> [Descriptor] {
        var descriptors: [Descriptor] = []
        descriptors.reserveCapacity(fields.count)
        for field in fields { descriptors.append(try field.descriptor()) }
        return descriptors
    }
}

/// As little as must be known of a manifest of an unknown type.
private struct Opening: Decodable {
    let mediaType: String?
    let subject: Fields.DescriptorFields?
    let hasLayersOfSchema1: Bool

    private enum CodingKeys: CodingKey {
        case mediaType, subject, fsLayers
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        mediaType = try container.decodeIfPresent(String.self, forKey: .mediaType)
        subject = try? container.decodeIfPresent(Fields.DescriptorFields.self, forKey: .subject)
        hasLayersOfSchema1 = container.contains(.fsLayers)
    }
}

private struct Fields: Decodable {
    struct DescriptorFields: Decodable {
        var mediaType: String?
        var digest: String
        var size: Int64
        var artifactType: String?
        var annotations: [String: String]?
        var data: String?

        func descriptor() throws(ManifestError) -> Descriptor {
            guard let digest = Digest(digest) else {
                throw ManifestError(description: "a descriptor's digest is not a sha256 or sha512 digest")
            }
            guard size >= 0 else {
                throw ManifestError(description: "the descriptor of \(digest) has a negative size")
            }
            return Descriptor(
                mediaType: mediaType.flatMap { MediaType($0) } ?? .octetStream, digest: digest, size: size,
                artifactType: artifactType, annotations: annotations, data: data)
        }
    }

    var schemaVersion: Int?
    var mediaType: String?
    var artifactType: String?
    var config: DescriptorFields?
    var layers: [DescriptorFields]?
    /// The layers of the short-lived OCI artifact manifest.
    var blobs: [DescriptorFields]?
    var manifests: [DescriptorFields]?
    var subject: DescriptorFields?
    var annotations: [String: String]?
    /// Only Docker's schema 1 has it.
    var fsLayers: [Empty]?

    struct Empty: Decodable {
        init(from decoder: any Decoder) {}
    }
}

/// Why bytes are not a manifest.
public struct ManifestError: Error, CustomStringConvertible {
    public let description: String
}
