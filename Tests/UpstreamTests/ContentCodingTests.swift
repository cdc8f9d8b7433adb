import Foundation
import NIOCore
import OCI
import TestSupport
import Testing

@testable import Upstream

/// `Content-Encoding` that nobody asked for.
@Suite struct ContentCodingTests {
    private func compressed(_ bytes: ByteBuffer) async throws -> ByteBuffer {
        let folder = try TemporaryDirectory()
        let file = folder.file("x")
        try Data(bytes.readableBytesView).write(to: URL(fileURLWithPath: file))
        try await Command("gzip", ["-n", file]).run()
        return ByteBuffer(bytes: try Data(contentsOf: URL(fileURLWithPath: file + ".gz")))
    }

    private func answer(_ body: ByteBuffer, coding: String = "gzip", status: Int = 200) -> TestResponse {
        let range = status == 206 ? [("Content-Range", "bytes 3-\(body.readableBytes + 2)/1000")] : []
        return .answer(
            status, [("Content-Encoding", coding), ("Content-Type", MediaType.imageIndex.value)] + range, body: body)
    }

    @Test(arguments: ["gzip", "x-gzip", "GZip", "identity, gzip"])
    func aManifestAndABlobAreDecoded(coding: String) async throws {
        let body = try await compressed(ByteBuffer(string: index))
        try await ScriptedHTTPServer.run { _ in
            answer(body, coding: coding)
        } _: { server in
            let client = try makeClient(server)
            #expect(try await client.manifest(repository, latest).bytes == ByteBuffer(string: index))
            let blob = try await client.blob(repository, digest, range: nil)
            #expect(blob.totalSize == nil)
            #expect(try await blob.collect() == ByteBuffer(string: index))
            #expect(try await client.headBlob(repository, digest).size == nil)
        }
    }

    @Test func aTokenAndAListAreDecoded() async throws {
        let token = try await compressed(ByteBuffer(string: #"{"token":"t"}"#))
        let tags = try await compressed(ByteBuffer(string: #"{"tags":["a"]}"#))
        try await ScriptedHTTPServer.run { request in
            guard request.path != "/token" else { return answer(token) }
            return request.header("Authorization") == "Bearer t"
                ? answer(tags) : .unauthorized(#"Bearer realm="/token""#)
        } _: { server in
            let page = try await makeClient(server).tags(repository, at: nil, limit: 10)
            #expect(page.tags.map(\.value) == ["a"])
        }
    }

    @Test func whatGrowsBeyondItsLimitIsCutOff() async throws {
        let bomb = try await compressed(ByteBuffer(repeating: 0, count: 64 << 20))
        try await ScriptedHTTPServer.run { _ in
            answer(bomb)
        } _: { server in
            let client = try makeClient(server)
            #expect(await kindOf { _ = try await client.manifest(repository, latest) } == .tooLarge)
        }
    }

    @Test func severalMembersAreOneContent() async throws {
        var body = try await compressed(ByteBuffer(string: "first "))
        var second = try await compressed(ByteBuffer(string: "second"))
        body.writeBuffer(&second)
        let decoder = try #require(ContentDecoder(["gzip"]))
        var text = ""
        // Byte by byte: what a piece ends with says nothing.
        for byte in body.readableBytesView {
            decoder.feed(ByteBuffer(bytes: [byte]))
            while let piece = try decoder.next() { text += String(buffer: piece) }
        }
        #expect(text == "first second")
        #expect(decoder.isAtEnd)
    }

    @Test func whatIsDamagedOrCutOrOfAnotherCodingIsNot() async throws {
        let whole = try await compressed(ByteBuffer(string: index))
        var damaged = whole
        damaged.setInteger(UInt8(0xFF), at: damaged.readerIndex + 12)
        var cut = whole
        cut.moveWriterIndex(to: cut.writerIndex - 4)
        var trailed = whole
        trailed.writeString("garbage")
        for (body, coding, kind) in [
            (damaged, "gzip", UpstreamError.Kind.invalidResponse), (cut, "gzip", .cutShort),
            (trailed, "gzip", .invalidResponse), (whole, "br", .invalidResponse), (whole, "zstd", .invalidResponse),
            (whole, "gzip, gzip", .invalidResponse), (ByteBuffer(string: index), "gzip", .invalidResponse),
        ] {
            try await ScriptedHTTPServer.run { _ in
                answer(body, coding: coding)
            } _: { server in
                let client = try makeClient(server)
                #expect(await kindOf { _ = try await client.manifest(repository, latest) } == kind, "\(coding)")
            }
        }
    }

    /// What a range of the encoded bytes is of the blob, nobody can say.
    @Test func aPartOfCompressedContentIsRefused() async throws {
        let body = try await compressed(ByteBuffer(string: index))
        try await ScriptedHTTPServer.run { _ in
            answer(body, status: 206)
        } _: { server in
            let client = try makeClient(server)
            let range = UpstreamRange(from: 3)
            #expect(await kindOf { _ = try await client.blob(repository, digest, range: range) } == .invalidResponse)
        }
    }
}
