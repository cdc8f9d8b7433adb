import NIOCore
import OCI
import Testing

@testable import Storage

@Suite struct TagContractTests {
    @Test(arguments: Shelf.allCases) func `a tag names what it was last set to`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, tag) = (try Goods.repository(), try Goods.tag("v1"))
            #expect(try await store.tag(tag, in: repository) == nil)
            for text in ["a", "b", "a"] {
                try await store.setTag(tag, to: Goods.digest(text), in: repository, .durable)
                #expect(try await store.tag(tag, in: repository)?.digest == Goods.digest(text))
            }
            let other = try await store.tag(tag, in: try Goods.repository("team/other"))
            #expect(other == nil)
        }
    }

    @Test func `a tag says when it was last set, also where it stays what it was`() async throws {
        let clock = ManualClock()
        let store = RegistryStore(objects: clock.store)
        let (repository, tag) = (try Goods.repository(), try Goods.tag("v1"))
        for time: Int64 in [100, 200] {
            clock.set(time)
            try await store.setTag(tag, to: Goods.digest("a"), in: repository, .cached)
            #expect(try await store.tag(tag, in: repository)?.checked == time)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `a tag that is removed goes with what is known of it, and alone`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let repository = try Goods.repository()
            let (tag, other) = (try Goods.tag("v1"), try Goods.tag("v1.1"))
            for each in [tag, other] {
                try await store.setTag(each, to: Goods.digest("a"), in: repository, .durable)
                try await store.setPullTime(7, of: .tag(each), in: repository)
            }
            try await store.removeTag(tag, in: repository)
            try await store.removeTag(tag, in: repository)
            #expect(try await store.tags(of: repository, after: nil, limit: 10) == [other])
            let times = (
                try await store.pullTime(of: .tag(tag), in: repository),
                try await store.pullTime(of: .tag(other), in: repository)
            )
            #expect(times == (nil, 7))
        }
    }

    @Test(arguments: Shelf.allCases, [1, 2, 3, 100])
    func `tags come in the order of their bytes, page by page`(shelf: Shelf, limit: Int) async throws {
        try await shelf.open { store, objects in
            let repository = try Goods.repository()
            let tags = try ["1.0", "B", "_x", "a", "a-b", "a.b", "b"].map { try Goods.tag($0) }
            for tag in tags.reversed() { try await store.setTag(tag, to: Goods.digest("a"), in: repository, .cached) }
            // What distribution leaves of a tag that is being made.
            let half = try #require(
                RegistryLayout.tagFolder(try Goods.tag("aa"), in: repository).child("index/sha256/x/link"))
            try await objects.write(half, ByteBuffer(string: "x"), .cached)
            var found: [OCI.Tag] = []
            while true {
                let page = try await store.tags(of: repository, after: found.last?.value, limit: limit)
                #expect(page.count <= limit)
                if page.isEmpty { break }
                found += page
            }
            #expect(found == tags)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `what was pushed here is told apart from what an upstream named`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, tag) = (try Goods.repository(), try Goods.tag("v1"))
            try await store.setTag(tag, to: Goods.digest("upstream"), in: repository, .cached)
            #expect(try await store.pushedTag(tag, in: repository) == nil)
            try await store.markPushed(tag, Goods.digest("pushed"), in: repository)
            #expect(try await store.pushedTag(tag, in: repository) == Goods.digest("pushed"))
            try await store.unmarkPushed(tag, in: repository)
            #expect(try await store.pushedTag(tag, in: repository) == nil)
        }
    }

    @Test(arguments: Shelf.allCases, ["", "sha256:abc", "../../etc/passwd"])
    func `a link that holds no digest is damage, and says where`(shelf: Shelf, text: String) async throws {
        try await shelf.open { store, objects in
            let (repository, tag) = (try Goods.repository(), try Goods.tag("v1"))
            let key = RegistryLayout.tagLink(tag, in: repository)
            try await objects.write(key, ByteBuffer(string: text), .cached)
            do throws(StorageError) {
                let found = try await store.tag(tag, in: repository)
                Issue.record("\(String(describing: found))")
            } catch {
                #expect(error.code == .corrupt)
                #expect(error.description.contains(key.path))
            }
        }
    }

    @Test(arguments: Shelf.allCases) func `a link may end in a line feed`(shelf: Shelf) async throws {
        try await shelf.open { store, objects in
            let (repository, tag) = (try Goods.repository(), try Goods.tag("v1"))
            let digest = Goods.digest("a")
            try await objects.write(
                RegistryLayout.tagLink(tag, in: repository), ByteBuffer(string: "\(digest)\n"), .cached)
            #expect(try await store.tag(tag, in: repository)?.digest == digest)
        }
    }
}
