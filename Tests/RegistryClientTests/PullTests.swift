import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import RegistryClient
import TestSupport
import Testing
import Upstream

func known<Value>(_ value: Value?) -> Value {
    guard let value else { preconditionFailure("the test's own value is malformed") }
    return value
}

@Suite struct PullTests {
    private let repository = known(RepositoryName("app"))
    private let text = String(repeating: "0123456789", count: 10_000)

    /// - Parameter answer: To the request with that number.
    private func pull(
        size: Int64? = nil, _ answer: @escaping @Sendable (Int, TestRequest) -> TestResponse
    ) async throws -> (text: String, requests: Int) {
        let digest = Digest(hashing: ByteBuffer(string: text))
        let count = NIOLockedValueBox(0)
        return try await ScriptedHTTPServer.run { request in
            let number = count.withLockedValue { value in
                value += 1
                return value
            }
            return answer(number, request)
        } _: { server in
            let timers = Timers(now: { .zero }, sleep: { _ in })
            let client = RemoteRegistry(try #require(RegistryAddress(server.url)).endpoint, timers: timers)
            var whole = ByteBuffer()
            do {
                try await client.pull(digest, size: size ?? Int64(text.utf8.count), of: repository) {
                    whole.writeImmutableBuffer($0)
                }
            } catch {
                // What was wrong never comes whole.
                #expect(whole.readableBytes < text.utf8.count)
                throw error
            }
            return (String(buffer: whole), server.requests.count)
        }
    }

    @Test(arguments: [true, false])
    func aBlobThatBreaksOffGoesOnWithRangesAndWithout(hasRanges: Bool) async throws {
        let text = text
        let (got, requests) = try await pull { number, request in
            guard number > 1 else {
                return .cut(ByteBuffer(string: String(text.prefix(70_000))), promising: text.utf8.count)
            }
            guard hasRanges, let range = request.header("Range") else { return .answer(200, text: text) }
            let start = Int(range.dropFirst("bytes=".count).prefix { $0 != "-" }) ?? 0
            return .answer(
                206, [("Content-Range", "bytes \(start)-\(text.utf8.count - 1)/\(text.utf8.count)")],
                text: String(text.dropFirst(start)))
        }
        #expect(got == text)
        #expect(requests == 2)
    }

    @Test func otherBytesThanTheDigestSaysNeverComeWhole() async throws {
        let text = text
        await #expect(throws: UpstreamError.self) {
            _ = try await pull { _, _ in .answer(200, text: String(text.dropLast()) + "x") }
        }
        await #expect(throws: UpstreamError.self) { _ = try await pull { _, _ in .answer(200, text: text + "more") } }
    }

    @Test func noMoreIsReceivedInASecondThanIsAllowed() async throws {
        let bytes = ByteBuffer(repeating: 7, count: 3_000_000)
        let digest = Digest(hashing: bytes)
        try await ScriptedHTTPServer.run { _ in
            .answer(200, text: String(buffer: bytes))
        } _: { server in
            let client = RemoteRegistry(
                try #require(RegistryAddress(server.url)).endpoint,
                settings: RemoteRegistrySettings(connections: 1, bytesPerSecond: 2_000_000))
            let got = NIOLockedValueBox(0)
            let time = try await ContinuousClock().measure {
                try await client.pull(digest, size: 3_000_000, of: repository) { piece in
                    got.withLockedValue { $0 += piece.readableBytes }
                }
            }
            #expect(got.withLockedValue { $0 } == 3_000_000)
            // A second's worth may come at once.
            #expect(time > .milliseconds(450))
        }
    }

    @Test func aManifestThatIsAnotherIsRefused() async throws {
        let asked = Digest(hashing: ByteBuffer(string: "asked"))
        try await ScriptedHTTPServer.run { _ in
            .answer(
                200, [("Content-Type", MediaType.imageIndex.value)],
                text: #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#)
        } _: { server in
            let client = RemoteRegistry(try #require(RegistryAddress(server.url)).endpoint)
            let error = await #expect(throws: UpstreamError.self) {
                _ = try await client.manifest(repository, .digest(asked))
            }
            #expect(error?.message.contains("not what its digest says") == true)
            let manifest = try await client.manifest(repository, .tag(known(Tag("latest"))))
            #expect(manifest.content.kind == .index)
        }
    }
}
