import HTTPServer
import NIOCore
import NIOHTTP1
import OCI
import Registry
import TestSupport
import Testing
import Upstream

/// How much a manifest may name, and how deep.
@Suite(.timeLimit(.minutes(1))) struct ManifestBoundsTests {
    private static let index: HTTPHeaders = ["Content-Type": MediaType.imageIndex.value]
    private static let image: HTTPHeaders = ["Content-Type": MediaType.imageManifest.value]

    /// An index of an index of ... an image; the outermost comes last.
    private static func nested(_ depth: Int) -> [String] {
        var chain = [PushClient.image()]
        for _ in 0..<depth { chain.append(PushClient.index(chain.suffix(1))) }
        return chain
    }

    @Test func aManifestThatNamesTooMuchIsRefusedAndNotKept() async throws {
        try await Workshop.open(pushLimits: PushLimits.test(references: 3)) { shop in
            let client = PushClient(shop)
            try await client.push("{}", to: "local/a")
            try await client.push("layer", to: "local/a")
            let layer = PushClient.descriptor("layer", "application/vnd.oci.image.layer.v1.tar")
            func layers(_ count: Int) -> String {
                PushClient.image().replacing(
                    "[\(layer)]", with: "[\(Array(repeating: layer, count: count).joined(separator: ","))]")
            }
            let before = shop.objects.keys
            for (manifest, headers) in [
                (PushClient.index((0..<4).map(String.init)), Self.index), (layers(3), Self.image),
            ] {
                let refused = await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, headers)
                #expect(refused.status == .badRequest)
                let text = try await PushClient.text(refused)
                #expect(text.hasPrefix(#"{"errors":[{"code":"MANIFEST_INVALID","#))
                #expect(text.contains("more than the 3 descriptors"))
                #expect(shop.objects.keys == before)
            }
            for (manifest, headers) in [
                (PushClient.index((0..<3).map(String.init)), Self.index), (layers(2), Self.image),
            ] {
                #expect(await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, headers).status == .created)
            }
        }
    }

    @Test func indexesArePushedAndPulledHoweverDeepTheyAreNested() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.pushImage("strict/a", tag: nil)
            let chain = Self.nested(8)
            let early = await client.send(.PUT, "/v2/strict/a/manifests/early", chain[8], Self.index)
            #expect(early.status == .badRequest)
            for (depth, manifest) in chain.enumerated().dropFirst() {
                let target = "/v2/strict/a/manifests/depth\(depth)"
                #expect(await client.send(.PUT, target, manifest, Self.index).status == .created)
                #expect(try await PushClient.text(await client.send(.GET, target)) == manifest)
            }
        }
    }

    @Test(arguments: [(1, false), (2, false), (3, false), (4, true), (8, true)])
    func whatIsMissingIsLookedForThreeLevelsDeep(depth: Int, isServed: Bool) async throws {
        try await Workshop.open { shop in
            let chain = Self.nested(depth)
            // The image is at the upstream alone.
            _ = shop.upstream.hold(chain[0], tag: "image")
            let client = PushClient(shop)
            for manifest in chain.dropFirst() {
                let digest = shop.upstream.hold(manifest, tag: "v1", as: .imageIndex)
                #expect(await client.send(.GET, "/v2/mirror/x/manifests/\(digest)").status == .ok)
            }
            #expect(await client.send(.GET, "/v2/mirror/x/manifests/v1").status == .ok)
            shop.pass(seconds: 61)
            shop.upstream.fail(.unavailable(status: 503))
            let response = await client.send(.GET, "/v2/mirror/x/manifests/v1")
            #expect(response.status == (isServed ? .ok : .badGateway))
            #expect(response.headers.contains(name: "Warning") == isServed)
        }
    }
}
