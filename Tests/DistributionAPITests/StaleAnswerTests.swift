import DistributionAPI
import Foundation
import HTTPServer
import Hashing
import Logging
import NIOCore
import NIOHTTP1
import OCI
import Registry
import TestSupport
import Testing
import Upstream

/// What a client is told about a manifest that no upstream could confirm, and about why.
@Suite(.timeLimit(.minutes(1))) struct StaleAnswerTests {
    /// Ends the quoted string, the field and the head, and is no ASCII.
    private static let hostile = "said \"no\\\"\r\nX-Injected: 1\r\n\r\n\u{0}\u{1B}\u{7F}\u{85}\u{2028}é"

    private struct RequestError: Decodable {
        struct Problem: Decodable {
            var code: String
            var message: String
        }

        var errors: [Problem]
    }

    /// Runs `body` with an image that was pulled whole 61 seconds ago, the tag's time being 60.
    private func afterItsTime(_ body: @Sendable (Workshop, PushClient) async throws -> Void) async throws {
        try await Workshop.open { shop in
            _ = shop.upstream.hold(PushClient.image(), tag: "v1")
            let client = PushClient(shop)
            #expect(await client.send(.GET, "/v2/mirror/x/manifests/v1").status == .ok)
            for blob in ["{}", "layer"] {
                let digest = shop.upstream.hold(ByteBuffer(string: blob))
                let pulled = await client.send(.GET, "/v2/mirror/x/blobs/\(digest)")
                #expect(try await PushClient.text(pulled) == blob)
            }
            shop.pass(seconds: 61)
            try await body(shop, client)
        }
    }

    @Test(arguments: [HTTPMethod.GET, .HEAD])
    func aStaleManifestSaysHowOldItIsAndWhy(method: HTTPMethod) async throws {
        try await afterItsTime { shop, client in
            shop.upstream.fail(.unavailable(status: 503), saying: "upstream0 answered 503")
            let response = await client.send(method, "/v2/mirror/x/manifests/v1")
            #expect(response.status == .ok)
            #expect(response.headers["Cache-Status"] == ["entrepot; fwd=stale"])
            #expect(response.headers["Age"] == ["61"])
            #expect(response.headers["Warning"] == [#"299 - "served from the cache: upstream0 answered 503""#])
            #expect(response.body.length == Int64(PushClient.image().utf8.count))
        }
    }

    @Test func aManifestThatWasConfirmedHasNoWarning() async throws {
        try await afterItsTime { _, client in
            let response = await client.send(.GET, "/v2/mirror/x/manifests/v1")
            #expect(response.status == .ok)
            #expect(!response.headers.contains(name: "Warning"))
            #expect(response.headers["Age"].allSatisfy { $0 == "0" })
        }
    }

    @Test(arguments: ["manifests/v1", "tags/list"])
    func whatAnUpstreamSaysCannotLeaveTheWarning(path: String) async throws {
        try await afterItsTime { shop, client in
            shop.upstream.fail(.unavailable(status: 503), saying: Self.hostile)
            let response = await client.send(.GET, "/v2/mirror/x/\(path)")
            #expect(response.status == .ok)
            let warning = try #require(response.headers.first(name: "Warning"))
            #expect(response.headers["Warning"].count == 1)
            #expect(warning.hasPrefix(#"299 - ""#) && warning.hasSuffix("said 'no''''X-Injected: 1''''''''''\""))
            #expect(warning.utf8.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(warning.count { $0 == "\"" } == 2)
        }
    }

    @Test func aLongStoryIsCut() async throws {
        try await afterItsTime { shop, client in
            shop.upstream.fail(.unavailable(status: 503), saying: String(repeating: "é", count: 100_000))
            let response = await client.send(.GET, "/v2/mirror/x/manifests/v1")
            let warning = try #require(response.headers.first(name: "Warning"))
            #expect((1000...4096).contains(warning.utf8.count))
        }
    }

    @Test func whatAnUpstreamSaysCannotBreakTheJSON() async throws {
        try await Workshop.open { shop in
            shop.upstream.fail(.unavailable(status: 503), saying: Self.hostile)
            let response = await PushClient(shop).send(.GET, "/v2/mirror/x/manifests/v1")
            #expect(response.status == .badGateway)
            let text = try await PushClient.text(response)
            let line = text.trimmingCharacters(in: .newlines)
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "a control stands in the JSON as it is")
            let refusal = try JSONDecoder().decode(RequestError.self, from: Data(text.utf8))
            #expect(refusal.errors.count == 1)
            #expect(refusal.errors.first?.message.contains(Self.hostile) == true)
            for (name, value) in response.headers { #expect(!value.contains("Injected"), "\(name)") }
        }
    }
}
