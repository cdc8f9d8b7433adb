import NIOCore
import OCI
import TestSupport
import Testing
import Upstream

/// What is asked, and what is made of good answers.
@Suite struct UpstreamClientTests {
    @Test func aManifestComesAsItWasSent() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(
                200,
                [("Content-Type", "application/vnd.oci.image.index.v1+json"), ("docker-content-digest", "\(digest)")],
                text: index)
        } _: { server in
            let manifest = try await makeClient(server).manifest(repository, latest)
            #expect(manifest.bytes == ByteBuffer(string: index))
            #expect(manifest.mediaType == .imageIndex)
            #expect(manifest.digest == digest)
            let request = try #require(server.requests.first)
            #expect(request.target == "/v2/library/debian/manifests/latest")
            #expect(request.header("User-Agent") == "entrepot/test")
            let accept = try #require(request.header("Accept"))
            for type in [MediaType.imageIndex, .imageManifest, .dockerManifest, .dockerManifestList] {
                #expect(accept.contains(type.value))
            }
            #expect(!accept.contains("docker.distribution.manifest.v1"))
            #expect(!accept.contains("*/*"))
        }
    }

    @Test(arguments: [true, false]) func aLargeManifestTakesAShareOfMemoryBeforeItIsRead(isAnnounced: Bool) async throws
    {
        let bytes = ByteBuffer.pattern(count: 100_000)
        try await ScriptedHTTPServer.run { _ in
            isAnnounced
                ? .answer(body: bytes)
                : TestResponse(steps: [.bytes(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n")), .bytes(bytes), .close])
        } _: { server in
            let room = ByteBudget(limit: 1 << 20)
            let client = try makeClient(server, manifestRoom: room)
            var manifest: UpstreamManifest? = try await client.manifest(repository, latest)
            #expect(manifest?.bytes == bytes)
            #expect(room.used == 100_000)
            manifest = nil
            #expect(room.used == 0)
            let all = try #require(room.reserve(1 << 20))
            let error = await #expect(throws: UpstreamError.self) { try await client.manifest(repository, latest) }
            #expect(error?.kind == .capped(retryAfter: 1))
            #expect((error?.cause as? NoRoomError)?.bytes == (isAnnounced ? 100_000 : 4 << 20))
            // With a share in hand it is not asked for another.
            #expect(try await client.granted(all).manifest(repository, latest).bytes == bytes)
        }
    }

    @Test func aSmallManifestTakesNone() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(text: index)
        } _: { server in
            let room = ByteBudget(limit: 1 << 20)
            let all = room.reserve(1 << 20)
            let manifest = try await makeClient(server, manifestRoom: room).manifest(repository, latest)
            #expect(manifest.room == nil)
            withExtendedLifetime(all) {}
        }
    }

    @Test func theHeadOfAManifestTellsItsDigestTypeAndSize() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(200, [("Docker-Content-Digest", "\(digest)"), ("Content-Type", "a/b")], length: 1234)
        } _: { server in
            let head = try await makeClient(server).headManifest(repository, .digest(digest))
            #expect(head.digest == digest)
            #expect(head.mediaType?.value == "a/b")
            #expect(head.size == 1234)
            #expect(server.requests.first?.method == "HEAD")
        }
    }

    @Test func thePrefixOfTheEndpointGoesBeforeTheName() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(length: 7)
        } _: { server in
            let client = try makeClient(server, prefix: RepositoryName("cache/hub"))
            #expect(try await client.headBlob(repository, digest).size == 7)
            #expect(server.requests.first?.target == "/v2/cache/hub/library/debian/blobs/\(digest)")
            let long = try #require(RepositoryName(String(repeating: "a", count: 250)))
            #expect(await kindOf { _ = try await client.headBlob(long, digest) } == .notFound)
        }
    }

    @Test func aBlobComesWhole() async throws {
        let bytes = ByteBuffer.pattern(count: 700_000)
        try await ScriptedHTTPServer.run { _ in
            .answer(body: bytes)
        } _: { server in
            for range in [nil, UpstreamRange(from: 0)] {
                let blob = try await makeClient(server).blob(repository, digest, range: range)
                #expect(blob.totalSize == 700_000)
                #expect(blob.offset == 0)
                #expect(try await blob.collect() == bytes)
            }
            #expect(server.requests.allSatisfy { $0.header("Range") == nil })
        }
    }

    @Test(arguments: [
        (UpstreamRange(from: 5), "bytes=5-", "bytes 5-9/10", 5),
        (.init(from: 5, to: 7), "bytes=5-6", "bytes 5-6/10", 2),
    ])
    func aPartOfABlobIsTheOneAskedFor(range: UpstreamRange, asked: String, said: String, length: Int) async throws {
        let part = ByteBuffer(repeating: 1, count: length)
        try await ScriptedHTTPServer.run { _ in
            .answer(206, [("Content-Range", said)], body: part)
        } _: { server in
            let blob = try await makeClient(server).blob(repository, digest, range: range)
            #expect(blob.totalSize == 10)
            #expect(blob.offset == 5)
            #expect(try await blob.collect() == part)
            #expect(server.requests.first?.header("Range") == asked)
        }
    }

    @Test func anUpstreamWithoutRangesSendsTheWhole() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(text: "0123456789")
        } _: { server in
            let blob = try await makeClient(server).blob(repository, digest, range: UpstreamRange(from: 5))
            #expect(blob.offset == 0)
            #expect(blob.totalSize == 10)
        }
    }

    @Test(
        arguments: [
            [], [("Content-Range", "bytes 4-9/10")], [("Content-Range", "bytes 5-8/10")],
            [("Content-Range", "bytes 5-8/9")],
            [("Content-Range", "pages 5-9/10")], [("Content-Type", "multipart/byteranges; boundary=x")],
            [("Content-Range", "bytes 5-9/10"), ("Content-Encoding", "gzip")],
        ] as [[(String, String)]])
    func aPartThatIsNotTheOneAskedForIsRefused(headers: [(String, String)]) async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(206, headers, text: "56789")
        } _: { server in
            let client = try makeClient(server)
            let range = UpstreamRange(from: 5)
            #expect(await kindOf { _ = try await client.blob(repository, digest, range: range) } == .invalidResponse)
        }
    }

    @Test func aPartThatWasNotAskedForIsRefused() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(206, [("Content-Range", "bytes 0-4/10")], text: "01234")
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.blob(repository, digest, range: nil) } == .invalidResponse)
        }
    }

    private static let tagPath = "/v2/library/debian/tags/list"

    /// The link of the first page, and what is asked for the second.
    @Test(arguments: [
        ("\(tagPath)?n=2&last=b", "n=2&last=b"), ("\(tagPath)?next_page=gAAA%3D&n=2", "next_page=gAAA%3D&n=2"),
        ("?next_page=x", "next_page=x"), ("https://elsewhere.example\(tagPath)?n=2&last=z", "n=2&last=b"),
        ("/v2/other/tags/list?n=2&last=z", "n=2&last=b"), ("\(tagPath)?n=2", "n=2&last=b"),
    ])
    func tagsComePageByPageHoweverTheUpstreamCountsPages(link: String, query: String) async throws {
        try await ScriptedHTTPServer.run { request in
            request.query == "n=2"
                ? .answer(
                    200, [("Link", "<\(link)>; rel=\"next\"")], text: #"{"name":"x","tags":["a","b","not a tag"]}"#)
                : .answer(200, [], text: #"{"name":"x","tags":null}"#)
        } _: { server in
            let client = try makeClient(server)
            let first = try await client.tags(repository, at: nil, limit: 2)
            #expect(first.tags.map(\.value) == ["a", "b"])
            let second = try await client.tags(repository, at: first.next, limit: 2)
            #expect(second.tags.isEmpty)
            #expect(second.next == nil)
            #expect(server.requests.last?.query == query)
        }
    }

    private static func referrers(_ name: Character) -> String {
        let hex = String(repeating: name, count: 64)
        return #"{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"sha256:\#(hex)","size":1}]}"#
    }

    @Test func referrersAreCollectedOverAllPages() async throws {
        try await ScriptedHTTPServer.run { request in
            request.query == nil
                ? .answer(200, [("Link", #"<?page=2>; rel="next""#)], text: Self.referrers("1"))
                : .manifest(Self.referrers("2"))
        } _: { server in
            let referrers = try await makeClient(server).referrers(repository, digest)
            #expect(referrers.map(\.digest.hex.first) == ["1", "2"])
            #expect(server.requests.map(\.path) == Array(repeating: "/v2/library/debian/referrers/\(digest)", count: 2))
        }
    }

    @Test(arguments: [404, 405])
    func withoutTheReferrersAPITheTagIsAsked(status: Int) async throws {
        try await ScriptedHTTPServer.run { request in
            request.path.contains("/referrers/") ? .answer(status) : .manifest(Self.referrers("3"))
        } _: { server in
            let referrers = try await makeClient(server).referrers(repository, digest)
            #expect(referrers.map(\.digest.hex.first) == ["3"])
            #expect(server.requests.last?.path == "/v2/library/debian/manifests/sha256-\(digest.hex)")
        }
    }

    @Test func withoutReferrersTheListIsEmpty() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(404)
        } _: { server in
            let referrers = try await makeClient(server).referrers(repository, digest)
            #expect(referrers.isEmpty)
        }
    }

    @Test(arguments: [
        #"<http://127.0.0.1:1/x>; rel="next""#, #"</v2/other/referrers/x>; rel="next""#, #"<>; rel="next""#,
    ])
    func referrersGoOnOnlyInTheirOwnPlace(link: String) async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(200, [("Link", link)], text: Self.referrers("1"))
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.referrers(repository, digest) } == .invalidResponse)
            #expect(server.requests.count == 1)
        }
    }
}
