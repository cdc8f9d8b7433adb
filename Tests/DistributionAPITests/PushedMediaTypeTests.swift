import HTTPServer
import NIOHTTP1
import OCI
import TestSupport
import Testing

/// Which media types may be pushed, and as which they are kept.
@Suite(.timeLimit(.minutes(1))) struct PushedMediaTypeTests {
    @Test(
        arguments: [
            ("text/html", "{}", 415), ("image/svg+xml", "{}", 415), ("text/html; charset=utf-8", "{}", 415),
            ("application/xhtml+xml", "{}", 415), ("multipart/form-data", "{}", 415),
            (MediaType.imageManifest.value, #"{"schemaVersion":2,"mediaType":"text/html","layers":[]}"#, 400),
            (nil, #"{"schemaVersion":2,"mediaType":"image/svg+xml","layers":[]}"#, 400),
        ] as [(String?, String, Int)])
    func noTypeButAManifestsIsStored(type: String?, manifest: String, status: Int) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let headers: HTTPHeaders = type.map { ["Content-Type": $0] } ?? [:]
            let refused = await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, headers)
            #expect(Int(refused.status.code) == status)
            let code = try await PushClient.code(refused)
            #expect(code == "MANIFEST_INVALID")
            #expect(await client.send(.GET, "/v2/local/a/manifests/v1").status == .notFound)
        }
    }

    @Test func schema1IsRefusedWithAClearMessage() async throws {
        try await Workshop.open { shop in
            let refused = await PushClient(shop).send(
                .PUT, "/v2/local/a/manifests/v1", "{}",
                ["Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"])
            #expect(refused.status == .badRequest)
            let text = try await PushClient.text(refused)
            #expect(text.contains("schema 1 is not supported"))
        }
    }

    @Test(
        arguments: [
            (MediaType.imageManifest.value + "; charset=utf-8", MediaType.imageManifest.value),
            (nil, MediaType.imageManifest.value), ("application/json", MediaType.imageManifest.value),
            ("application/octet-stream", MediaType.imageManifest.value),
        ] as [(String?, String)])
    func theMediaTypeIsTheManifestsOwn(field: String?, kept: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.pushImage("local/a", tag: nil)
            let headers: HTTPHeaders = field.map { ["Content-Type": $0] } ?? [:]
            #expect(await client.send(.PUT, "/v2/local/a/manifests/v1", PushClient.image(), headers).status == .created)
            #expect(await client.send(.HEAD, "/v2/local/a/manifests/v1").headers["Content-Type"] == [kept])
        }
    }

    @Test func aMediaTypeBesideASilentManifestIsKept() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let manifest = #"{"schemaVersion":2,"manifests":[]}"#
            for type in [MediaType.dockerManifestList.value, "application/vnd.example.index+json"] {
                let pushed = await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, ["Content-Type": type])
                #expect(pushed.status == .created)
                #expect(await client.send(.HEAD, "/v2/local/a/manifests/v1").headers["Content-Type"] == [type])
            }
        }
    }
}
