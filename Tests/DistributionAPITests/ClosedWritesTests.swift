import DistributionAPI
import HTTPServer
import NIOCore
import NIOHTTP1
import OCI
import TestSupport
import Testing

/// Where clients cannot be told apart and anybody may connect.
@Suite struct ClosedWritesTests {
    static let digest = "sha256:" + String(repeating: "a", count: 64)

    @Test(arguments: [
        (HTTPMethod.POST, "local/x/blobs/uploads/"), (.PUT, "local/x/manifests/v1"), (.DELETE, "local/x/manifests/v1"),
        (.DELETE, "local/x/blobs/\(digest)"), (.PUT, "overlay/x/manifests/v1"),
        (.PATCH, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000"),
        (.PUT, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000?digest=\(digest)"),
        (.DELETE, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000"),
    ])
    func nothingIsWritten(method: HTTPMethod, path: String) async throws {
        try await Workshop.open { shop in
            let response = await PushClient(shop, writes: .closed).send(method, "/v2/\(path)", "content")
            #expect(response.status == .forbidden)
            let text = try await PushClient.text(response)
            #expect(text.contains("DENIED"))
            #expect(shop.objects.keys == [])
        }
    }

    @Test func whatIsHeldIsStillServed() async throws {
        try await Workshop.open { shop in
            let digest = try await PushClient(shop).push("content", to: "local/x")
            let response = await PushClient(shop, writes: .closed).send(.GET, "/v2/local/x/blobs/\(digest)")
            #expect(response.status == .ok)
        }
    }

    @Test func aMirrorStillSaysThatItTakesNoWritesAtAll() async throws {
        try await Workshop.open { shop in
            let response = await PushClient(shop, writes: .closed).send(.PUT, "/v2/mirror/x/manifests/v1", "{}")
            #expect(response.status == .methodNotAllowed)
        }
    }
}
