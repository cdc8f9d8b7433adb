import HTTPServer
import Hashing
import NIOCore
import NIOHTTP1
import OCI
import Registry
import TestSupport
import Testing

/// end-4 to end-6, end-10, end-11, end-13 and end-14: what is asked, and exactly what is answered.
@Suite(.timeLimit(.minutes(1))) struct BlobPushTests {
    private let content = "0123456789"
    private var digest: Digest { Digest(hashing: ByteBuffer(string: content)) }

    private func expectStored(_ client: PushClient, _ repository: String, _ digest: Digest) async throws {
        let response = await client.send(.GET, "/v2/\(repository)/blobs/\(digest)")
        #expect(response.status == .ok)
        #expect(try await PushClient.text(response) == content)
    }

    private func expectCreated(_ response: Response, _ repository: String, _ digest: Digest) {
        #expect(response.status == .created)
        #expect(response.headers["Location"] == ["/v2/\(repository)/blobs/\(digest)"])
        #expect(response.headers["Docker-Content-Digest"] == [digest.description])
    }

    @Test func anUploadBegins() async throws {
        try await Workshop.open { shop in
            for path in [
                "/v2/local/a/blobs/uploads/", "/v2/local/a/blobs/uploads", "/v2/local/a/blobs/uploads/?ns=local",
            ] {
                let response = await PushClient(shop).send(.POST, path, "", ["Host": "local"])
                #expect(response.status == .accepted)
                let id = try #require(response.headers.first(name: "Docker-Upload-UUID"))
                #expect(id.utf8.count == 36)
                #expect(response.headers["Location"] == ["/v2/local/a/blobs/uploads/\(id)"])
                #expect(response.headers["Range"] == ["0-0"])
                #expect(response.body.length == 0)
            }
        }
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func postThenPut(algorithm: Digest.Algorithm) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let digest = Digest(hashing: ByteBuffer(string: content), with: algorithm)
            for query in ["", "?digest-algorithm=\(algorithm.rawValue)"] {
                let location = try await client.begin("local/a", query: query)
                expectCreated(await client.send(.PUT, "\(location)?digest=\(digest)", content), "local/a", digest)
                try await expectStored(client, "local/a", digest)
                #expect(await client.send(.GET, location).status == .notFound)
            }
            #expect(!shop.objects.keys.contains { $0.contains("_uploads") })
        }
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func oneRequestIsEnough(algorithm: Digest.Algorithm) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let digest = Digest(hashing: ByteBuffer(string: content), with: algorithm)
            let response = await client.send(.POST, "/v2/local/a/blobs/uploads/?digest=\(digest)", content)
            expectCreated(response, "local/a", digest)
            try await expectStored(client, "local/a", digest)
        }
    }

    @Test func anEmptyBlobIsABlob() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let empty = Digest(hashing: ByteBuffer())
            let location = try await client.begin("local/a")
            expectCreated(await client.send(.PUT, "\(location)?digest=\(empty)"), "local/a", empty)
            let head = await client.send(.HEAD, "/v2/local/a/blobs/\(empty)")
            #expect(head.status == .ok)
            #expect(head.body.length == 0)
        }
    }

    @Test(arguments: [true, false])
    func chunks(lastWithPut: Bool) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let location = try await client.begin("local/a")
            let first = await client.send(.PATCH, location, "0123", ["Content-Range": "0-3"])
            #expect(first.status == .accepted)
            #expect(first.headers["Location"] == [location])
            #expect(first.headers["Range"] == ["0-3"])
            #expect(first.headers["Docker-Upload-UUID"] == [String(location.split(separator: "/").last ?? "")])
            let status = await client.send(.GET, location)
            #expect(status.status == .noContent)
            #expect(status.headers["Range"] == ["0-3"])
            #expect(status.headers["Location"] == [location])
            // Without a range: at the end, as Docker sends it.
            #expect(await client.send(.PATCH, location, "456").headers["Range"] == ["0-6"])
            if lastWithPut {
                let last = await client.send(.PUT, "\(location)?digest=\(digest)", "789", ["Content-Range": "7-9"])
                expectCreated(last, "local/a", digest)
            } else {
                #expect(
                    await client.send(.PATCH, location, "789", ["Content-Range": "7-9"]).headers["Range"] == ["0-9"])
                expectCreated(await client.send(.PUT, "\(location)?digest=\(digest)"), "local/a", digest)
            }
            try await expectStored(client, "local/a", digest)
        }
    }

    @Test(arguments: [HTTPMethod.PATCH, .PUT], ["5-9", "0-3", "3-6"])
    func chunksOutOfOrderAreRefusedAndChangeNothing(method: HTTPMethod, range: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let location = try await client.begin("local/a")
            _ = await client.send(.PATCH, location, "0123", ["Content-Range": "0-3"])
            let target = method == .PUT ? "\(location)?digest=\(digest)" : location
            let body = range == "5-9" ? "56789" : "0123"
            let refused = await client.send(method, target, body, ["Content-Range": range])
            #expect(refused.status == .rangeNotSatisfiable)
            #expect(refused.headers["Range"] == ["0-3"])
            #expect(refused.headers["Location"] == [location])
            #expect(try await PushClient.text(refused).contains("BLOB_UPLOAD_INVALID"))
            #expect(await client.send(.GET, location).headers["Range"] == ["0-3"])
            expectCreated(await client.send(.PUT, "\(location)?digest=\(digest)", "456789"), "local/a", digest)
        }
    }

    @Test(arguments: [
        ("bytes 0-3", 400, "BLOB_UPLOAD_INVALID"), ("0-3/10", 400, "BLOB_UPLOAD_INVALID"),
        ("0-", 400, "BLOB_UPLOAD_INVALID"),
        ("-3", 400, "BLOB_UPLOAD_INVALID"), ("3-0", 400, "BLOB_UPLOAD_INVALID"), ("0 - 3", 400, "BLOB_UPLOAD_INVALID"),
        ("+0-3", 400, "BLOB_UPLOAD_INVALID"), ("0-99999999999999999999", 400, "BLOB_UPLOAD_INVALID"),
        ("0-4", 400, "SIZE_INVALID"), ("0-2", 400, "SIZE_INVALID"),
    ])
    func rangesAreTakenStrictly(range: String, status: Int, code: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let location = try await client.begin("local/a")
            let refused = await client.send(.PATCH, location, "0123", ["Content-Range": range])
            #expect(refused.status.code == status)
            #expect(try await PushClient.text(refused).contains(code))
            #expect(await client.send(.GET, location).headers["Range"] == ["0-0"])
        }
    }

    @Test(arguments: [
        "POST ?digest", "PUT", "PATCH PUT", "PATCH PUT body",
    ])
    func aWrongDigestIsRefusedAndNothingIsKept(how: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let wrong = Digest(hashing: ByteBuffer(string: "other"))
            let refused: Response
            if how.hasPrefix("POST") {
                refused = await client.send(.POST, "/v2/local/a/blobs/uploads/?digest=\(wrong)", content)
            } else {
                let location = try await client.begin("local/a")
                if how.hasPrefix("PATCH") {
                    _ = await client.send(.PATCH, location, how.hasSuffix("body") ? "0123" : content)
                }
                refused = await client.send(
                    .PUT, "\(location)?digest=\(wrong)", how == "PATCH PUT" ? "" : how == "PUT" ? content : "456789")
                #expect(await client.send(.GET, location).status == .notFound)
            }
            #expect(refused.status == .badRequest)
            #expect(try await PushClient.text(refused).contains("DIGEST_INVALID"))
            #expect(await client.send(.HEAD, "/v2/local/a/blobs/\(wrong)").status == .notFound)
            #expect(shop.objects.keys == [])
        }
    }

    @Test(arguments: [
        (HTTPMethod.POST, "/v2/local/a/blobs/uploads/?digest=sha256:short", 400, "DIGEST_INVALID"),
        (.POST, "/v2/local/a/blobs/uploads/?mount=nonsense", 400, "DIGEST_INVALID"),
        (.POST, "/v2/local/a/blobs/uploads/?digest-algorithm=md5", 400, "DIGEST_INVALID"),
        (.POST, "/v2/nobody/a/blobs/uploads/", 404, "NAME_UNKNOWN"),
        (.PATCH, "/v2/local/a/blobs/uploads/unknown", 404, "BLOB_UPLOAD_UNKNOWN"),
        (.PATCH, "/v2/local/a/blobs/uploads/..%2f..", 400, "NAME_INVALID"),
        (.GET, "/v2/local/a/blobs/uploads/unknown", 404, "BLOB_UPLOAD_UNKNOWN"),
        (.DELETE, "/v2/local/a/blobs/uploads/unknown", 404, "BLOB_UPLOAD_UNKNOWN"),
        (.PUT, "/v2/local/a/blobs/uploads/unknown", 400, "DIGEST_INVALID"),
        (.POST, "/v2/mirror/a/blobs/uploads/", 405, "UNSUPPORTED"),
        (.POST, "/v2/teapot/a/blobs/uploads/", 418, "UNSUPPORTED"),
        (.PUT, "/v2/teapot/a/manifests/v1", 418, "UNSUPPORTED"),
        (.DELETE, "/v2/teapot/a/manifests/v1", 418, "UNSUPPORTED"),
    ])
    func refusals(method: HTTPMethod, target: String, status: Int, code: String) async throws {
        try await Workshop.open { shop in
            let refused = await PushClient(shop).send(method, target, "x")
            #expect(refused.status.code == status)
            let text = try await PushClient.text(refused)
            #expect(text.contains(#""code":"\#(code)""#))
        }
    }

    @Test func aCancelledUploadIsGone() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let location = try await client.begin("local/a")
            _ = await client.send(.PATCH, location, content)
            #expect(await client.send(.DELETE, location).status == .noContent)
            for method in [HTTPMethod.GET, .PATCH, .DELETE] {
                #expect(await client.send(method, location, "x").status == .notFound)
            }
            #expect(shop.objects.keys == [])
        }
    }

    @Test func anUploadBelongsToItsRepository() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let location = try await client.begin("local/a")
            let elsewhere = location.replacing("local/a", with: "local/b")
            #expect(await client.send(.PATCH, elsewhere, content).status == .notFound)
            #expect(await client.send(.GET, location).headers["Range"] == ["0-0"])
        }
    }

    @Test func blobsBeyondTheLimitAreRefused() async throws {
        try await Workshop.open(pushLimits: .test(blobSize: 9)) { shop in
            let client = PushClient(shop)
            let location = try await client.begin("local/a")
            let refused = await client.send(.PATCH, location, content)
            #expect(refused.status == .payloadTooLarge)
            #expect(try await PushClient.text(refused).contains("SIZE_INVALID"))
            #expect(await client.send(.PATCH, location, "012345678").status == .accepted)
            #expect(await client.send(.PATCH, location, "9").status == .payloadTooLarge)
        }
    }

    @Test(arguments: ["&from=local/a", ""])
    func mounting(from: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let digest = try await client.push(content, to: "local/a")
            let mounted = await client.send(.POST, "/v2/local/b/blobs/uploads/?mount=\(digest)\(from)")
            expectCreated(mounted, "local/b", digest)
            try await expectStored(client, "local/b", digest)
        }
    }

    @Test func mountingWhatTheSourceDoesNotHoldBeginsAnUpload() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let digest = try await client.push(content, to: "local/a")
            for from in ["local/empty", "nobody/a", "NOT-A-NAME", "mirror/a"] {
                let response = await client.send(.POST, "/v2/local/b/blobs/uploads/?mount=\(digest)&from=\(from)")
                #expect(response.status == .accepted, "from \(from)")
                #expect(response.headers.contains(name: "Location"))
            }
            #expect(await client.send(.HEAD, "/v2/local/b/blobs/\(digest)").status == .notFound)
        }
    }

    @Test func bytesOfAMirrorAreNotMountedByWhoeverKnowsTheirDigest() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let digest = shop.upstream.hold(ByteBuffer(string: content))
            let pulled = await client.send(.GET, "/v2/mirror/x/blobs/\(digest)")
            let text = try await PushClient.text(pulled)
            #expect(text == content)
            #expect(await client.send(.POST, "/v2/local/b/blobs/uploads/?mount=\(digest)").status == .accepted)
            #expect(
                await client.send(.POST, "/v2/local/b/blobs/uploads/?mount=\(digest)&from=mirror/x").status == .created)
        }
    }

    @Test func aDeletedBlobIsGoneFromItsRepositoryAlone() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop)
            let digest = try await client.push(content, to: "local/a")
            try await client.push(content, to: "local/b")
            // Warm: it must not be served from memory either.
            _ = await client.send(.GET, "/v2/local/a/blobs/\(digest)")
            #expect(await client.send(.DELETE, "/v2/local/a/blobs/\(digest)").status == .accepted)
            let gone = await client.send(.GET, "/v2/local/a/blobs/\(digest)")
            #expect(gone.status == .notFound)
            #expect(try await PushClient.text(gone).contains("BLOB_UNKNOWN"))
            #expect(await client.send(.DELETE, "/v2/local/a/blobs/\(digest)").status == .notFound)
            try await expectStored(client, "local/b", digest)
            try await client.push(content, to: "local/a")
            try await expectStored(client, "local/a", digest)
        }
    }
}
