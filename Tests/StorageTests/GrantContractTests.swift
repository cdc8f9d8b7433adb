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
            try await store.removeGrant(digest, in: repository)
            let isGranted = try await store.isGranted(digest, in: repository)
            #expect(!isGranted)
            #expect(try await store.isGranted(digest, in: other))
            #expect(try await store.blobInfo(digest)?.size == 7)
        }
    }

    private static func condemned(_ store: RegistryStore) async throws -> [Digest: Condemnation] {
        var found: [Digest: Condemnation] = [:]
        try await store.condemnedContents { found[$0] = $1 }
        return found
    }

    @Test(arguments: Shelf.allCases) func `what is condemned goes, unless it is rescued`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, round) = (try Goods.repository(), CollectionRound())
            let goes = try await Goods.push("goes", store, to: repository)
            let stays = try await Goods.push("stays", store, to: repository)
            for digest in [goes, stays] { try await store.condemn(.content(digest), at: 5, by: round) }
            let marks = try await Self.condemned(store)
            #expect(Set(marks.keys) == [goes, stays])
            #expect(marks.values.allSatisfy { $0.time == 5 })
            try await store.rescue(.content(stays))
            #expect(try await store.removeCondemned(.content(goes), try #require(marks[goes]), by: round) == 4)
            #expect(try await store.removeCondemned(.content(stays), try #require(marks[stays]), by: round) == nil)
            #expect(try await store.blobInfo(goes) == nil)
            #expect(try await store.blobInfo(stays) != nil)
            let left = try await Self.condemned(store)
            #expect(left.isEmpty)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `whoever begins to rely on condemned bytes takes the mark back`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, other) = (try Goods.repository(), try Goods.repository("team/other"))
            let round = CollectionRound()
            let digest = try await Goods.push("content", store, to: repository)
            try await store.condemn(.content(digest), at: 5, by: round)
            let mark = try #require(try await Self.condemned(store)[digest])
            #expect(try await store.mount(digest, in: other))
            #expect(try await store.removeCondemned(.content(digest), mark, by: round) == nil)
            try await store.condemn(.content(digest), at: 5, by: round)
            _ = try await Goods.push("content", store, to: other)
            #expect(try await store.removeCondemned(.content(digest), mark, by: round) == nil)
            #expect(try await store.blobInfo(digest) != nil)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `a mark that another round made since is not taken for one's own`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, round) = (try Goods.repository(), CollectionRound())
            let digest = try await Goods.push("content", store, to: repository)
            try await store.condemn(.content(digest), at: 5, by: round)
            let mark = try #require(try await Self.condemned(store)[digest])
            try await store.rescue(.content(digest))
            try await store.condemn(.content(digest), at: 5, by: CollectionRound())
            #expect(try await store.removeCondemned(.content(digest), mark, by: round) == nil)
            #expect(try await store.blobInfo(digest) != nil)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `what a collector that died had decided upon is taken back`(shelf: Shelf) async throws {
        try await shelf.open { store, objects in
            let (repository, other) = (try Goods.repository(), try Goods.repository("team/other"))
            let round = CollectionRound()
            let digest = try await Goods.push("content", store, to: repository)
            for target in [Collectable.content(digest), .grant(digest, in: repository)] {
                try await store.condemn(target, at: 5, by: round)
                try await objects.move(target.condemned, to: target.sweeping(round), .cached)
            }
            let sweeps = try await store.sweeps()
            #expect(sweeps.count == 2)
            for sweep in sweeps { try await store.dropSweep(sweep) }
            let contents = try await Self.condemned(store)
            #expect(contents.isEmpty)
            let grants = try await store.condemnedGrants(of: repository)
            #expect(grants.isEmpty)
            #expect(try await store.isGranted(digest, in: repository))
            #expect(try await store.mount(digest, in: other))
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
