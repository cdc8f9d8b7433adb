import OCI
import TestSupport
import Testing
import Upstream

/// What is asked only in case it has changed, or has not.
@Suite struct UpstreamClientConditionTests {
    @Test func whatIsHeldIsNamedSoThatItNeedNotBeDescribedAgain() async throws {
        try await ScriptedHTTPServer.run { request in
            request.header("If-None-Match") == "\"\(digest)\"" ? .answer(304) : .manifest(index)
        } _: { server in
            let head = try await makeClient(server).headManifest(repository, latest, held: digest)
            #expect(head.digest == digest)
            #expect(server.requests.map(\.method) == ["HEAD"])
        }
    }

    @Test func aTagThatMovedIsToldAsIfNothingWereHeld() async throws {
        let other = try #require(Digest("sha256:" + String(repeating: "cd", count: 32)))
        try await ScriptedHTTPServer.run { _ in
            .answer(
                200,
                [("Content-Type", MediaType.imageIndex.value), ("Docker-Content-Digest", other.description)],
                length: 7)
        } _: { server in
            let head = try await makeClient(server).headManifest(repository, latest, held: digest)
            #expect(head.digest == other)
            #expect(head.size == 7)
        }
    }

    @Test(
        arguments: [
            ("\"one\"", "\"one\""), ("W/\"one\"", nil), ("one", nil), ("\"", nil), ("\"a b\"", nil), (nil, nil),
        ] as [(String?, String?)])
    func onlyAStrongEntityTagSaysThatTheBytesAreTheSame(tag: String?, expected: String?) async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(200, tag.map { [("ETag", $0)] } ?? [], text: "0123456789")
        } _: { server in
            let blob = try await makeClient(server).blob(repository, digest, range: nil)
            #expect(blob.entity == expected)
        }
    }

    @Test(arguments: [("\"one\"", nil), ("\"two\"", UpstreamError.Kind.invalidResponse)])
    func theRestMustBeOfTheEntityThatWasBegun(tag: String, expected: UpstreamError.Kind?) async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(206, [("Content-Range", "bytes 5-9/10"), ("ETag", tag)], text: "56789")
        } _: { server in
            let client = try makeClient(server)
            let range = UpstreamRange(from: 5, entity: "\"one\"")
            #expect(await kindOf { _ = try await client.blob(repository, digest, range: range) } == expected)
            #expect(server.requests.first?.header("If-Range") == "\"one\"")
        }
    }
}
