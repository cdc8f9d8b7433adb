import Hashing
import NIOCore
import OCI
import Registry
import TestSupport

/// An image of a configuration and two layers, held by scripted upstreams.
struct Image {
    let config = ByteBuffer(string: #"{"architecture":"amd64"}"#)
    let layers: [ByteBuffer]
    let manifest: String

    init(_ seed: UInt8 = 1, extraLayers: [String] = []) {
        layers = [ByteBuffer(repeating: seed, count: 300), ByteBuffer(repeating: seed &+ 1, count: 400)]
        let all = layers.map { Self.descriptor($0, "application/vnd.oci.image.layer.v1.tar+gzip") } + extraLayers
        manifest = """
            {"schemaVersion":2,"mediaType":"\(MediaType.imageManifest)",
             "config":\(Self.descriptor(config, "application/vnd.oci.image.config.v1+json")),
             "layers":[\(all.joined(separator: ","))]}
            """
    }

    static func descriptor(_ bytes: ByteBuffer, _ type: String) -> String {
        #"{"mediaType":"\#(type)","digest":"\#(Digest(hashing: bytes))","size":\#(bytes.readableBytes)}"#
    }

    /// Puts it on an upstream; the digest of its manifest.
    @discardableResult
    func hold(on upstream: ScriptedUpstream, tag: String = "v1") -> Digest {
        for blob in [config] + layers { _ = upstream.hold(blob) }
        return upstream.hold(manifest, tag: tag)
    }

    /// Gets the blobs as a client that pulls, but for some.
    func pullBlobs(_ shop: Workshop, _ name: String = "mirror/x", without left: Set<Int> = []) async throws {
        for (number, blob) in ([config] + layers).enumerated() where !left.contains(number) {
            let answer = try await shop.registry.blob(
                try shop.repository(name), Digest(hashing: blob), range: nil)
            _ = try await answer.content.bytes()
        }
    }

    /// An index of this image, by digest.
    func index(_ others: [Digest] = []) -> String {
        let own = Self.descriptor(ByteBuffer(string: manifest), MediaType.imageManifest.value)
        let rest = others.map { #"{"mediaType":"\#(MediaType.imageManifest)","digest":"\#($0)","size":10}"# }
        return #"{"schemaVersion":2,"manifests":[\#(([own] + rest).joined(separator: ","))]}"#
    }
}
