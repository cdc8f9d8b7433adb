import CurlClient
import Hashing
import NIOCore
import OCI
import SigV4
import TestSupport
import Testing
import Threads

@testable import S3Storage
@testable import Storage

/// A move in a bucket, and what somebody else does between its requests.
@Suite struct MoveByCopyTests {
    private static let credentials = FixedCredentials(SigV4Credentials(accessKeyID: "AKID", secretKey: "hush"))

    private func with(_ body: (S3Store, MiniatureBucket) async throws -> Void) async throws {
        let bucket = MiniatureBucket()
        try await ScriptedHTTPServer.run {
            bucket.answer($0)
        } _: { server in
            let client = S3Client(
                .test("127.0.0.1:\(server.port)", bucket: "bucket"), credentials: Self.credentials,
                curl: CurlClient(proxies: .none), now: { 1_700_000_000 })
            try await body(S3Store(client, pool: .shared), bucket)
        }
    }

    @Test func theSourceGoesWhenTheCopyIsThereAndItIsStillTheSame() async throws {
        try await with { store, bucket in
            bucket.put("from", ByteBuffer(string: "mark"))
            try await store.move(try key("from"), to: try key("to"), .cached)
            #expect(bucket.keys == ["to"])
            #expect(bucket.log == ["HEAD from", "COPY to", "HEAD from", "DELETE from"])
        }
    }

    @Test(arguments: [nil, "another"]) func aCopyOfWhatIsNotThereAnyMoreIsNoMove(other: String?) async throws {
        try await with { store, bucket in
            bucket.put("from", ByteBuffer(string: "mark"))
            bucket.afterCopying("from", put: other.map { ByteBuffer(string: $0) })
            let error = await #expect(throws: StorageError.self) {
                try await store.move(try key("from"), to: try key("to"), .cached)
            }
            #expect(error?.code == .absent)
            #expect(bucket.bytes("from").map { String(buffer: $0) } == other)
        }
    }

    /// The copy had read the mark before it was taken back.
    @Test(arguments: [false, true]) func whatIsLetLiveWhileItsMarkIsCopiedStays(isCondemnedAnew: Bool) async throws {
        try await with { store, bucket in
            let registry = RegistryStore(objects: store)
            let content = ByteBuffer(string: "content")
            let target = Collectable.content(Digest(hashing: content))
            let round = CollectionRound()
            bucket.put(target.target.path, content)
            try await registry.condemn(target, at: 5, by: round)
            let other = ByteBuffer(string: Condemnation(at: 9, by: CollectionRound()).text)
            bucket.afterCopying(target.condemned.path, put: isCondemnedAnew ? other : nil)
            #expect(try await registry.removeCondemned(target, Condemnation(at: 5, by: round), by: round) == nil)
            #expect(bucket.bytes(target.target.path) == content)
            // Nobody waits for what is not removed.
            #expect(bucket.keys.filter { $0.contains("sweeping") } == [])
            #expect(bucket.bytes(target.condemned.path) == (isCondemnedAnew ? other : nil))
        }
    }

    private func key(_ path: String) throws -> ObjectKey { try #require(ObjectKey(path)) }
}
