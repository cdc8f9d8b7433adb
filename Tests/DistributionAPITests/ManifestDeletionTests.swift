import HTTPServer
import NIOHTTP1
import OCI
import TestSupport
import Testing

/// end-9.
@Suite(.timeLimit(.minutes(1))) struct ManifestDeletionTests {
    @Test func deletingATagLeavesTheManifest() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, _) = try await client.pushImage("local/a", tag: "v1")
            #expect(await client.send(.DELETE, "/v2/local/a/manifests/v1").status == .accepted)
            #expect(await client.send(.GET, "/v2/local/a/manifests/v1").status == .notFound)
            #expect(await client.send(.GET, "/v2/local/a/manifests/\(digest)").status == .ok)
            let again = await client.send(.DELETE, "/v2/local/a/manifests/v1")
            #expect(again.status == .notFound)
            #expect(try await PushClient.code(again) == "MANIFEST_UNKNOWN")
        }
    }

    @Test func deletingAManifestTakesItsTagsAndItsPlaceAmongReferrersAlong() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (subject, text) = try await client.pushImage("local/a", tag: "v1")
            let more = #","subject":\#(PushClient.descriptor(text, MediaType.imageManifest.value))"#
            let (signature, _) = try await client.pushImage("local/a", tag: "sig", more: more)
            _ = await client.send(.GET, "/v2/local/a/manifests/sig")
            let before = try await PushClient.text(await client.send(.GET, "/v2/local/a/referrers/\(subject)"))
            #expect(before.contains(signature.description))
            #expect(await client.send(.DELETE, "/v2/local/a/manifests/\(signature)").status == .accepted)
            for reference in ["sig", signature.description] {
                #expect(await client.send(.GET, "/v2/local/a/manifests/\(reference)").status == .notFound)
            }
            let list = await client.send(.GET, "/v2/local/a/tags/list")
            #expect(try await PushClient.text(list) == #"{"name":"local/a","tags":["v1"]}"#)
            let after = try await PushClient.text(await client.send(.GET, "/v2/local/a/referrers/\(subject)"))
            #expect(after == #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[]}"#)
            #expect(await client.send(.DELETE, "/v2/local/a/manifests/\(signature)").status == .notFound)
        }
    }
}
