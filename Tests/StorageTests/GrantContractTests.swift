import NIOCore
import OCI
import Testing

@testable import Storage

/// Links to bytes, and how these go when nobody has one.
@Suite struct GrantContractTests {
    @Test(arguments: Shelf.allCases) func `bytes are mounted where there are some`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, other) = (try Goods.repository(), try Goods.repository("team/other"))
            let digest = try await Goods.push("content", store, to: repository)
            #expect(try await store.mount(digest, in: other))
            #expect(try await store.isGranted(digest, in: other))
            let isMounted = try await store.mount(Goods.digest("absent"), in: other)
            #expect(!isMounted)
            let isGranted = try await store.isGranted(Goods.digest("absent"), in: other)
            #expect(!isGranted)
        }
    }

    @Test(arguments: Shelf.allCases) func `a grant that is taken back takes no bytes along`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, other) = (try Goods.repository(), try Goods.repository("team/other"))
            let digest = try await Goods.push("content", store, to: repository)
            try await store.grant(digest, in: other, .cached)
            try await store.revoke(digest, in: repository)
            try await store.removeGrant(digest, in: repository)
            let isGranted = try await store.isGranted(digest, in: repository)
            #expect(!isGranted)
            #expect(try await store.isGranted(digest, in: other))
            #expect(try await store.blobInfo(digest)?.size == 7)
        }
    }

    @Test(arguments: Shelf.allCases) func `what is condemned goes, unless it is rescued`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let repository = try Goods.repository()
            let digests = [
                try await Goods.push("goes", store, to: repository),
                try await Goods.push("stays", store, to: repository),
            ]
            for digest in digests { try await store.condemn(.content(digest), at: 5) }
            let condemned = try await store.condemnedContents()
            #expect(Set(condemned.map(\.digest)) == Set(digests))
            #expect(condemned.allSatisfy { $0.time == 5 })
            try await store.rescue(.content(digests[1]))
            #expect(try await store.removeCondemned(.content(digests[0])) == 4)
            #expect(try await store.removeCondemned(.content(digests[1])) == nil)
            #expect(try await store.blobInfo(digests[0]) == nil)
            #expect(try await store.blobInfo(digests[1]) != nil)
            let left = try await store.condemnedContents()
            #expect(left.isEmpty)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `whoever begins to rely on condemned bytes takes the mark back`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, other) = (try Goods.repository(), try Goods.repository("team/other"))
            let digest = try await Goods.push("content", store, to: repository)
            try await store.condemn(.content(digest), at: 5)
            #expect(try await store.mount(digest, in: other))
            #expect(try await store.removeCondemned(.content(digest)) == nil)
            try await store.condemn(.content(digest), at: 5)
            _ = try await Goods.push("content", store, to: other)
            #expect(try await store.removeCondemned(.content(digest)) == nil)
            #expect(try await store.blobInfo(digest) != nil)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `what was decided upon before a crash is finished`(shelf: Shelf) async throws {
        try await shelf.open { store, objects in
            let repository = try Goods.repository()
            let digest = try await Goods.push("content", store, to: repository)
            for target in [Collectable.content(digest), .grant(digest, in: repository)] {
                try await store.condemn(target, at: 5)
                try await objects.move(target.condemned, to: target.sweeping, .cached)
            }
            let contents = try await store.condemnedContents()
            #expect(contents.isEmpty)
            let grants = try await store.condemnedGrants(of: repository)
            #expect(grants.isEmpty)
            #expect(try await store.blobInfo(digest) == nil)
            let isGranted = try await store.isGranted(digest, in: repository)
            #expect(!isGranted)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `bytes that were claimed since somebody looked are not removed by them`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let repository = try Goods.repository()
            let claimed = try await Goods.push("claimed", store, to: repository)
            let idle = try await Goods.push("idle", store, to: repository)
            try await store.claims.watching { watch in
                try await store.grant(claimed, in: repository, .cached)
                #expect(store.claims.isClaimed(claimed, since: watch))
                #expect(!store.claims.isClaimed(idle, since: watch))
                #expect(try await store.removeContent(claimed, unclaimedSince: watch) == nil)
                #expect(try await store.removeContent(idle, unclaimedSince: watch) == 4)
            }
            #expect(try await store.blobInfo(claimed) != nil)
            #expect(try await store.blobInfo(idle) == nil)
        }
    }
}
