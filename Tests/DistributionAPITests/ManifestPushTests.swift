import HTTPServer
import Hashing
import NIOCore
import NIOHTTP1
import OCI
import Storage
import TestSupport
import Testing
import Upstream

/// end-7.
@Suite(.timeLimit(.minutes(1))) struct ManifestPushTests {
    @Test func aManifestByTagIsThereByTagAndDigest() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.push("{}", to: "local/a")
            try await client.push("layer", to: "local/a")
            let manifest = PushClient.image(more: #", "custom" : {"kept": ["as", 1.50, "is"]} "#)
            let digest = PushClient.digest(manifest)
            let response = await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, PushClient.imageType)
            #expect(response.status == .created)
            #expect(response.headers["Location"] == ["/v2/local/a/manifests/\(digest)"])
            #expect(response.headers["Docker-Content-Digest"] == [digest.description])
            #expect(!response.headers.contains(name: "OCI-Subject"))
            #expect(!response.headers.contains(name: "OCI-Tag"))
            for reference in ["v1", digest.description] {
                let pulled = await client.send(.GET, "/v2/local/a/manifests/\(reference)")
                #expect(pulled.headers["Content-Type"] == [MediaType.imageManifest.value])
                #expect(try await PushClient.text(pulled) == manifest)
            }
        }
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func severalTagsComeWithOneDigest(algorithm: Digest.Algorithm) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.pushImage("local/a", tag: nil)
            let manifest = PushClient.image()
            let digest = Digest(hashing: ByteBuffer(string: manifest), with: algorithm)
            let response = await client.send(
                .PUT, "/v2/local/a/manifests/\(digest)?tag=1.2.3&tag=1&tag=latest&tag=1", manifest, PushClient.imageType
            )
            #expect(response.status == .created)
            #expect(response.headers["OCI-Tag"] == ["1.2.3, 1, latest"])
            let list = await client.send(.GET, "/v2/local/a/tags/list")
            #expect(try await PushClient.text(list) == #"{"name":"local/a","tags":["1","1.2.3","latest"]}"#)
            let pulled = await client.send(.HEAD, "/v2/local/a/manifests/latest")
            #expect(pulled.headers["Docker-Content-Digest"] == [digest.description])
        }
    }

    @Test(
        arguments: [
            ("If-None-Match", "*", false), ("If-None-Match", "OLD", false), ("If-None-Match", "W/OLD, \"x\"", false),
            ("If-None-Match", "\"x\"", true), ("If-None-Match", "NEW", true), ("If-Match", "*", true),
            ("If-Match", "OLD", true), ("If-Match", "\"x\", OLD", true), ("If-Match", "NEW", false),
            ("If-Match", "W/OLD", false), ("If-Match", "\"x\"", false),
        ])
    func aPushIsHeldToWhatItSaysOfWhatItReplaces(name: String, value: String, isTaken: Bool) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            for repository in ["local/a", "overlay/a"] {
                let (old, _) = try await client.pushImage(repository, tag: "v1")
                let manifest = PushClient.image(more: #","annotations":{"new":"yes"}"#)
                let new = PushClient.digest(manifest)
                let condition = value.replacing("OLD", with: "\"\(old)\"").replacing("NEW", with: "\"\(new)\"")
                let headers: HTTPHeaders = [
                    "Content-Type": MediaType.imageManifest.value, name: condition,
                ]
                let response = await client.send(.PUT, "/v2/\(repository)/manifests/v1", manifest, headers)
                #expect(response.status == (isTaken ? .created : .preconditionFailed))
                let pulled = await client.send(.HEAD, "/v2/\(repository)/manifests/v1")
                #expect(pulled.headers["Docker-Content-Digest"] == ["\(isTaken ? new : old)"])
                let byDigest = await client.send(.HEAD, "/v2/\(repository)/manifests/\(new)")
                #expect(byDigest.status == (isTaken ? .ok : .notFound))
            }
        }
    }

    @Test(arguments: ["v2", "DIGEST"])
    func whatIsNotThereMatchesNothing(reference: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.pushImage("local/a", tag: "v1")
            let manifest = PushClient.image(more: #","annotations":{"new":"yes"}"#)
            let target =
                "/v2/local/a/manifests/" + (reference == "DIGEST" ? "\(PushClient.digest(manifest))" : reference)
            let type = ("Content-Type", MediaType.imageManifest.value)
            let absent = await client.send(.PUT, target, manifest, HTTPHeaders([type, ("If-Match", "*")]))
            #expect(absent.status == .preconditionFailed)
            let first = await client.send(.PUT, target, manifest, HTTPHeaders([type, ("If-None-Match", "*")]))
            #expect(first.status == .created)
            let second = await client.send(.PUT, target, manifest, HTTPHeaders([type, ("If-None-Match", "*")]))
            #expect(second.status == .preconditionFailed)
        }
    }

    /// A pull would give it.
    @Test func whatOnlyTheUpstreamHasIsThere() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (_, manifest) = try await client.pushImage("overlay/a", tag: "mine")
            let other = PushClient.image(more: #","annotations":{"theirs":"yes"}"#)
            let theirs = shop.upstream.hold(other, tag: "v1")
            let type = ("Content-Type", MediaType.imageManifest.value)
            let target = "/v2/overlay/a/manifests/v1"
            let taken = await client.send(.PUT, target, manifest, HTTPHeaders([type, ("If-None-Match", "*")]))
            #expect(taken.status == .preconditionFailed)
            let moved = await client.send(.PUT, target, manifest, HTTPHeaders([type, ("If-Match", "\"\(theirs)\"")]))
            #expect(moved.status == .created)
            shop.upstream.fail(.refused)
            let unknown = await client.send(
                .PUT, "/v2/overlay/a/manifests/v2", manifest, HTTPHeaders([type, ("If-None-Match", "*")]))
            #expect(unknown.status.code == 502)
        }
    }

    @Test func tooManyOrWrongTagsWriteNothing() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, manifest) = try await client.pushImage("local/a", tag: nil)
            let many = (0...100).map { "tag=t\($0)" }.joined(separator: "&")
            let tooMany = await client.send(
                .PUT, "/v2/local/a/manifests/\(digest)?\(many)", manifest, PushClient.imageType)
            #expect(tooMany.status.code == 414)
            let wrong = await client.send(
                .PUT, "/v2/local/a/manifests/\(digest)?tag=fine&tag=.wrong", manifest, PushClient.imageType)
            #expect(wrong.status == .badRequest)
            let list = await client.send(.GET, "/v2/local/a/tags/list")
            #expect(try await PushClient.text(list) == #"{"name":"local/a","tags":[]}"#)
        }
    }

    @Test(arguments: [
        ("v1", "", "MANIFEST_INVALID"), ("v1", "not json", "MANIFEST_INVALID"), ("v1", "{}", "MANIFEST_INVALID"),
        ("v1", #"{"schemaVersion":1,"fsLayers":[],"history":[]}"#, "MANIFEST_INVALID"),
        ("v1", #"{"schemaVersion":2,"manifests":[],"layers":[]}"#, "MANIFEST_INVALID"),
        ("v1", PushClient.index([]), "MANIFEST_INVALID"),
        ("v1", #"{"schemaVersion":2,"manifests":[]}"#, "MANIFEST_INVALID"),
        ("v1", PushClient.image(layer: "missing"), "MANIFEST_BLOB_UNKNOWN"),
        ("sha256:\(String(repeating: "0", count: 64))", PushClient.image(), "DIGEST_INVALID"),
        ("sha256:baddigeststring", PushClient.image(), "DIGEST_INVALID"),
    ])
    func whatIsNoManifestIsRefused(reference: String, manifest: String, code: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.push("{}", to: "local/a")
            try await client.push("layer", to: "local/a")
            let before = shop.objects.keys
            let refused = await client.send(.PUT, "/v2/local/a/manifests/\(reference)", manifest, PushClient.imageType)
            #expect(refused.status == .badRequest)
            #expect(try await PushClient.code(refused) == code)
            #expect(shop.objects.keys == before)
        }
    }

    @Test func manifestsUpToTheLimitAreTaken() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let frame = PushClient.index([], more: #","annotations":{"a":""}"#)
            let padding = String(repeating: "x", count: (4 << 20) - frame.utf8.count)
            let largest = frame.replacing(#":""}"#, with: ":\"\(padding)\"}")
            #expect(largest.utf8.count == 4 << 20)
            #expect(
                await client.send(.PUT, "/v2/local/a/manifests/v1", largest, PushClient.indexType).status == .created)
            let larger = await client.send(.PUT, "/v2/local/a/manifests/v2", largest + " ", PushClient.indexType)
            #expect(larger.status == .payloadTooLarge)
            let code = try await PushClient.code(larger)
            #expect(code == "SIZE_INVALID")
        }
    }

    @Test func foreignLayersNeedNotBeHere() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            try await client.push("{}", to: "local/a")
            let manifest = PushClient.image().replacing(
                "application/vnd.oci.image.layer.v1.tar",
                with: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
            #expect(
                await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, PushClient.imageType).status == .created)
        }
    }

    @Test func anImageMayLackAllThatItNamesWhereTheNamespaceSaysSo() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let refused = await client.send(.PUT, "/v2/local/a/manifests/v1", PushClient.image(), PushClient.imageType)
            let refusal = try await PushClient.code(refused)
            #expect(refusal == "MANIFEST_BLOB_UNKNOWN")
            #expect(
                await client.send(.PUT, "/v2/sparse/a/manifests/v1", PushClient.image(), PushClient.imageType).status
                    == .created)
        }
    }

    @Test func childrenOfAnIndexMayComeLaterUnlessTheNamespaceSaysOtherwise() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let manifest = PushClient.index([PushClient.image()])
            #expect(
                await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, PushClient.indexType).status == .created)
            let refused = await client.send(.PUT, "/v2/strict/a/manifests/v1", manifest, PushClient.indexType)
            #expect(refused.status == .badRequest)
            #expect(try await PushClient.code(refused) == "MANIFEST_BLOB_UNKNOWN")
            try await client.pushImage("strict/a", tag: nil)
            #expect(
                await client.send(.PUT, "/v2/strict/a/manifests/v1", manifest, PushClient.indexType).status == .created)
            let nested = PushClient.index([manifest])
            #expect(
                await client.send(.PUT, "/v2/strict/a/manifests/nested", nested, PushClient.indexType).status
                    == .created)
        }
    }

    @Test func anImmutableTagStaysWhatItIs() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, manifest) = try await client.pushImage("strict/a", tag: "v1")
            let again = await client.send(.PUT, "/v2/strict/a/manifests/v1", manifest, PushClient.imageType)
            #expect(again.status == .created)
            let (other, text) = try await client.pushImage("strict/a", tag: "v2", more: #","annotations":{"x":"y"}"#)
            let refused = await client.send(
                .PUT, "/v2/strict/a/manifests/\(other)?tag=new&tag=v1", text, PushClient.imageType)
            #expect(refused.status == .conflict)
            #expect(try await PushClient.code(refused) == "DENIED")
            #expect(
                await client.send(.HEAD, "/v2/strict/a/manifests/v1").headers["Docker-Content-Digest"] == ["\(digest)"])
            #expect(await client.send(.HEAD, "/v2/strict/a/manifests/new").status == .notFound)
        }
    }

    @Test(arguments: [(StorageError.Code.noSpace, 507), (.readOnly, 503), (.permissionDenied, 503), (.io, 500)])
    func aStoreThatFailsIsToldHonestly(failure: StorageError.Code, status: Int) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let (digest, manifest) = try await client.pushImage("local/a", tag: "v1")
            let location = try await client.begin("local/a")
            shop.objects.fail(failure)
            for response in [
                await client.send(.PUT, "/v2/local/a/manifests/v1", manifest, PushClient.imageType),
                await client.send(.POST, "/v2/local/a/blobs/uploads/"),
                await client.send(.PATCH, location, "content"),
                await client.send(.PUT, "\(location)?digest=\(PushClient.digest("content"))", "content"),
                await client.send(.DELETE, "/v2/local/a/manifests/v1"),
                await client.send(.DELETE, "/v2/local/a/blobs/\(PushClient.digest("{}"))"),
            ] {
                #expect(response.status.code == status)
                #expect(try await PushClient.text(response).hasPrefix(#"{"errors":[{"code":"U"#))
            }
            shop.objects.fail(nil)
            #expect(
                await client.send(.HEAD, "/v2/local/a/manifests/v1").headers["Docker-Content-Digest"] == ["\(digest)"])
            #expect(
                await client.send(.PUT, "\(location)?digest=\(PushClient.digest("content"))", "content").status
                    == .created)
        }
    }
}
