import Access
import DistributionAPI
import HTTPServer
import Hashing
import Logging
import NIOCore
import NIOHTTP1
import OCI
import Registry
import TestSupport
import Testing

/// Speaks to the API in process, as a client that pushes.
struct PushClient: Sendable {
    let api: DistributionAPI

    init(_ shop: Workshop, _ registry: Registry? = nil, access: AccessControl = .open) {
        api = DistributionAPI(
            registry: registry ?? shop.registry, namespaces: shop.namespaces, readiness: Readiness(), access: access,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func send(
        _ method: HTTPMethod, _ target: String, _ body: String = "", _ headers: HTTPHeaders = [:]
    ) async -> Response {
        await api.respond(
            to: Request(method: method, target: target, headers: headers, body: ByteBuffer(string: body)))
    }

    static func text(_ response: Response) async throws -> String {
        String(buffer: try await response.body.collect(upTo: 1 << 20))
    }

    /// Begins an upload and gives its location.
    func begin(_ repository: String, query: String = "") async throws -> String {
        let response = await send(.POST, "/v2/\(repository)/blobs/uploads/\(query)")
        #expect(response.status == .accepted)
        return try #require(response.headers.first(name: "Location"))
    }

    @discardableResult
    func push(_ content: String, to repository: String) async throws -> Digest {
        let digest = Digest(hashing: ByteBuffer(string: content))
        let response = await send(.POST, "/v2/\(repository)/blobs/uploads/?digest=\(digest)", content)
        #expect(response.status == .created)
        return digest
    }

    /// Pushes an image of one layer with all that it needs; its manifest's digest and text.
    @discardableResult
    func pushImage(_ repository: String, tag: String?, layer: String = "layer", more: String = "") async throws -> (
        Digest, String
    ) {
        try await push("{}", to: repository)
        try await push(layer, to: repository)
        let manifest = Self.image(layer: layer, more: more)
        let digest = Digest(hashing: ByteBuffer(string: manifest))
        let response = await send(
            .PUT, "/v2/\(repository)/manifests/\(tag ?? digest.description)", manifest,
            ["Content-Type": MediaType.imageManifest.value])
        #expect(response.status == .created)
        return (digest, manifest)
    }

    static func image(layer: String = "layer", more: String = "") -> String {
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","config":\#(descriptor("{}", "application/vnd.oci.image.config.v1+json")),"layers":[\#(descriptor(layer, "application/vnd.oci.image.layer.v1.tar"))]\#(more)}"#
    }

    static func descriptor(_ content: String, _ type: String) -> String {
        #"{"mediaType":"\#(type)","digest":"\#(Digest(hashing: ByteBuffer(string: content)))","size":\#(content.utf8.count)}"#
    }

    static func index(_ children: [String], more: String = "") -> String {
        let list = children.map { descriptor($0, MediaType.imageManifest.value) }.joined(separator: ",")
        return #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[\#(list)]\#(more)}"#
    }
}

/// Words of the tests that push.
extension PushClient {
    static let imageType: HTTPHeaders = ["Content-Type": MediaType.imageManifest.value]
    static let indexType: HTTPHeaders = ["Content-Type": MediaType.imageIndex.value]

    static func digest(_ text: String) -> Digest { Digest(hashing: ByteBuffer(string: text)) }

    /// The code of an answer that is an error.
    static func code(_ response: Response) async throws -> String {
        String((try await text(response).split(separator: #""code":""#).last ?? "").prefix { $0 != "\"" })
    }
}
