import OCI
import TestSupport
import Testing
import Upstream

/// Upstreams that take no HEAD.
@Suite(.timeLimit(.minutes(1))) struct RefusedHeadTests {
    @Test(arguments: [405, 501])
    func aManifestIsLookedAtWithGet(status: Int) async throws {
        let time = ManualTime()
        try await ScriptedHTTPServer.run { request in
            if request.method == "HEAD" { return .answer(status) }
            if request.header("If-None-Match") == "\"\(digest)\"" { return .answer(304) }
            return .answer(
                200, [("Content-Type", MediaType.imageIndex.value), ("Docker-Content-Digest", digest.description)],
                text: index)
        } _: { server in
            let client = try makeClient(server, time: time)
            let head = try await client.headManifest(repository, latest)
            #expect(head.digest == digest)
            #expect(head.size == Int64(index.utf8.count))
            let held = try await client.headManifest(repository, latest, held: digest)
            #expect(held.digest == digest)
            #expect(server.requests.map(\.method) == ["HEAD", "GET", "GET"])
            // It may have learnt it.
            time.advance(15 * 60)
            _ = try await client.headManifest(repository, latest)
            #expect(server.requests.map(\.method).suffix(2) == ["HEAD", "GET"])
        }
    }

    @Test(
        arguments: [
            (.answer(206, [("Content-Range", "bytes 0-0/7000")], text: "x"), 7000),
            (.answer(206, [("Content-Range", "bytes 0-0/*")], text: "x"), nil), (.answer(200, text: "whole"), 5),
            (.answer(416, [("Content-Range", "bytes */0")]), 0),
        ] as [(TestResponse, Int64?)])
    func aBlobIsVouchedForByItsFirstByte(answer: TestResponse, size: Int64?) async throws {
        try await ScriptedHTTPServer.run { request in
            request.method == "HEAD" ? .answer(405) : answer
        } _: { server in
            let client = try makeClient(server)
            for _ in 0..<2 {
                let head = try await client.headBlob(repository, digest)
                #expect(head.size == size)
            }
            #expect(server.requests.map(\.method) == ["HEAD", "GET", "GET"])
            #expect(server.requests.last?.header("Range") == "bytes=0-0")
        }
    }

    @Test func whatIsNotThereIsNotThere() async throws {
        try await ScriptedHTTPServer.run { request in
            .answer(request.method == "HEAD" ? 405 : 404)
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.headManifest(repository, latest) } == .notFound)
            #expect(await kindOf { _ = try await client.headBlob(repository, digest) } == .notFound)
            // Each is found out on its own.
            #expect(server.requests.map(\.method) == ["HEAD", "GET", "HEAD", "GET"])
        }
    }
}
