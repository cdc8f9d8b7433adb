import CurlClient
import NIOCore
import OCI
import SigV4
import Storage
import TestSupport
import Testing
import Threads

@testable import S3Storage

/// What lists of a large bucket cost, in requests and in what is held at a time.
@Suite(.timeLimit(.minutes(5))) struct LargeBucketTests {
    private static let curl = CurlClient(proxies: .none)
    private static let tags = "docker/registry/v2/repositories/team/app/_manifests/tags/"
    private static let blobs = "docker/registry/v2/blobs/sha256/"

    private func number(_ value: Int, _ digits: Int, radix: Int = 10) -> String {
        let text = String(value, radix: radix)
        return String(repeating: "0", count: digits - text.count) + text
    }

    private func with(
        _ folders: [String: GeneratedBucket.Folder], _ body: (RegistryStore, GeneratedBucket) async throws -> Void
    ) async throws {
        let bucket = GeneratedBucket(folders)
        try await ScriptedHTTPServer.run {
            bucket.answer($0)
        } _: { server in
            let client = S3Client(
                .test("127.0.0.1:\(server.port)", bucket: "bucket"),
                credentials: FixedCredentials(SigV4Credentials(accessKeyID: "AKID", secretKey: "hush")),
                curl: Self.curl, now: { 1_700_000_000 })
            try await body(RegistryStore(objects: S3Store(client, pool: .shared)), bucket)
        }
    }

    private func repository() throws -> RepositoryName { try #require(RepositoryName("team/app")) }

    @Test func tenThousandTagsCostTenListsAndNoneATag() async throws {
        try await with([Self.tags: .init(count: 10_000) { number($0, 6) }]) { store, bucket in
            let found = try await store.tags(of: repository(), after: nil, limit: 20_000)
            #expect(found.count == 10_000 && found == found.sorted())
            #expect(bucket.takeRequests() == 10)
            #expect(bucket.others == [])
        }
    }

    @Test func aTagByNameCostsOneQuestion() async throws {
        try await with([:]) { store, bucket in
            let v1 = OCI.Tag("v1")
            let tag = try #require(v1)
            #expect(try await store.tag(tag, in: repository()) == nil)
            #expect(bucket.others == ["GET /bucket/\(Self.tags)v1/current/link"])
            #expect(bucket.takeRequests() == 0)
        }
    }

    /// Names with a dash or a point are not where keys have them: a folder of the name before may be still to come.
    @Test(arguments: ["", "-rc.1"], [nil, 1000, 50_000, 98_999, 99_900])
    func aPageOfAHundredThousandTagsIsAllThatIsRead(ending: String, start: Int?) async throws {
        let total = 100_000
        try await with([Self.tags: .init(count: total) { number($0, 6) + ending }]) { store, bucket in
            let last = start.map { number($0, 6) + ending }
            let page = try await store.tags(of: repository(), after: last, limit: 1001)
            let first = start.map { $0 + 1 } ?? 0
            #expect(page.map(\.value) == (first..<min(first + 1001, total)).map { number($0, 6) + ending })
            #expect(bucket.takeRequests() <= 4)
            #expect(bucket.largestPage <= 1000)
            #expect(bucket.others == [])
        }
    }

    /// Shelf by shelf: of a million blobs a collector holds four thousand names at a time. One shelf of 256 is read here.
    @Test func aMillionBlobsAreLookedAtShelfByShelf() async throws {
        let each = 1_000_000 / 256 + 1
        let shelf = "7f"
        let folders: [String: GeneratedBucket.Folder] = [
            Self.blobs: .init(count: 256) { number($0, 2, radix: 16) },
            Self.blobs + shelf + "/": .init(count: each) { shelf + number($0, 62, radix: 16) },
        ]
        try await with(folders) { store, bucket in
            let shelves = try await store.contentShelves(.sha256)
            #expect(shelves.count == 256)
            #expect(bucket.takeRequests() == 1)
            let found = try await store.contents(.sha256, shelf: shelf)
            #expect(found.count == each)
            #expect(bucket.takeRequests() == 4)
            #expect(bucket.largestPage <= 1000)
            #expect(bucket.others == [])
        }
    }
}
