import Foundation
import Hashing
import NIOCore
import NIOPosix
import OCI
import SigV4
import TestSupport
import Testing
import Threads

@testable import S3Storage
@testable import Storage

/// Against a real server that verifies signatures.
@Suite(.enabled(if: MotoServer.isInstalled, "make deps"), .moto) struct S3StoreTests {
    /// Where conditions are kept to, and where nothing is known of them.
    @Test(arguments: ObjectStoreContract.allCases, [true, false])
    func keepsTheContract(clause: ObjectStoreContract, keepsConditions: Bool) async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "contract-\(keepsConditions)/\(clause.rawValue)"))
        if keepsConditions { try await store.prepare() }
        #expect(store.conditions.areKept == keepsConditions)
        try await clause.check(store, isExact: false, tellsFirst: keepsConditions)
    }

    @Test func whatGrowsBecomesPartsAndOneObject() async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "grow") { $0.partSize = 5 << 20 })
        let (source, target) = (try key("up/data"), try key("blobs/one"))
        var whole = ByteBuffer()
        for (index, size) in [1 << 20, 3 << 20, 2 << 20, 5 << 20, 100, 6 << 20, 7].enumerated() {
            let piece = ByteBuffer(repeating: UInt8(index + 1), count: size)
            try await store.append(source, piece, at: Int64(whole.readableBytes))
            whole.writeImmutableBuffer(piece)
            // Another replica knows nothing but what is in the bucket.
            let other = moto.store(moto.settings(prefix: "grow") { $0.partSize = 5 << 20 })
            #expect(try await other.info(source)?.size == Int64(whole.readableBytes))
        }
        try await store.move(source, to: target, .durable)
        #expect(try await bytes(store, target) == whole)
        #expect(try await store.info(source) == nil)
        #expect(try await store.list(key("up"), after: nil, limit: 10) == [])
    }

    @Test(arguments: [false, true]) func aRowCanBeReadAndGoesOnAfterwards(isUniform: Bool) async throws {
        let moto = try #require(MotoServer.current)
        let settings = moto.settings(prefix: "reread-\(isUniform)") {
            $0.partSize = 5 << 20
            $0.copyChunkSize = 5 << 20
            $0.copyThreshold = 5 << 20
            $0.hasUniformParts = isUniform
        }
        let store = moto.store(settings)
        let source = try key("up/data")
        var whole = ByteBuffer()
        for (index, size) in [5 << 20, 1000, 6 << 20, 12, 7 << 20, 1].enumerated() {
            let piece = ByteBuffer(repeating: UInt8(index + 1), count: size)
            // Each replica on its own; that its parts were made an object behind its back moto cannot tell a writer.
            try await moto.store(settings).append(source, piece, at: Int64(whole.readableBytes))
            whole.writeImmutableBuffer(piece)
            let other = moto.store(settings)
            if isUniform, let parts = try await other.row(source)?.parts {
                #expect(parts.allSatisfy { $0.size == 5 << 20 }, "\(parts.map(\.size))")
            }
            #expect(try await bytes(other, source) == whole)
        }
        try await moto.store(settings).move(source, to: try key("blob"), .durable)
        #expect(try await bytes(store, key("blob")) == whole)
    }

    @Test func aPartThatComesByteByByteIsFewObjects() async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "crumbs"))
        let source = try key("up/data")
        var whole = ByteBuffer()
        for number in 0..<200 {
            let crumb = ByteBuffer(string: "\(number);")
            try await store.append(source, crumb, at: Int64(whole.readableBytes))
            whole.writeImmutableBuffer(crumb)
        }
        #expect(try await store.list(source, after: nil, limit: 1000).count <= GrowingRow.mostPieces + 1)
        let other = moto.store(moto.settings(prefix: "crumbs"))
        #expect(try await other.info(source)?.size == Int64(whole.readableBytes))
        try await other.move(source, to: key("blob"), .durable)
        #expect(try await bytes(store, key("blob")) == whole)
    }

    @Test func ofTwoWhoWriteToOnePlaceOneIsToldSo() async throws {
        let moto = try #require(MotoServer.current)
        let settings = moto.settings(prefix: "overtaken")
        let (one, other) = (moto.store(settings), moto.store(settings))
        for store in [one, other] { try await store.prepare() }
        let source = try key("up/data")
        let first = try await one.append(source, ByteBuffer(string: "first"), to: .nothing)
        // Both think that the row ends here.
        #expect(try await other.info(source)?.growth.begins(with: first) == true)
        _ = try await one.append(source, ByteBuffer(string: "mine"), to: first)
        let error = await #expect(throws: StorageError.self) {
            try await other.append(source, ByteBuffer(string: "your"), to: first)
        }
        #expect(error?.code == .conflict)
        try await one.move(source, to: key("blob"), .durable)
        #expect(try await String(buffer: bytes(one, key("blob"))) == "firstmine")
    }

    @Test func largeFilesAndObjectsGoInParts() async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(
            moto.settings(prefix: "large") {
                $0.partSize = 5 << 20
                $0.copyThreshold = 1 << 20
                $0.copyChunkSize = 5 << 20
            })
        let folder = try TemporaryDirectory()
        let content = ByteBuffer.pattern(count: 17 << 20)
        try Data(content.readableBytesView).write(to: URL(filePath: folder.file("spool")))
        try await store.adopt(file: folder.file("spool"), as: key("a/large"), .cached)
        #expect(folder.files() == [])
        try await store.move(try key("a/large"), to: try key("b/large"), .durable)
        #expect(try await store.info(key("a/large")) == nil)
        #expect(try await bytes(store, key("b/large")) == content)
        guard case .remote(let object)? = try await store.content(key("b/large")) else {
            Issue.record("not remote")
            return
        }
        for range: Range<Int64> in [0..<1, 65_000..<70_000, 9_999_999..<10_000_001, (17 << 20) - 1..<(17 << 20)] {
            let part = try await object.body(range).collect()
            #expect(part == content.getSlice(at: Int(range.lowerBound), length: range.count))
        }
    }

    @Test func aGivenUpRowLeavesNoUpload() async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "abort") { $0.partSize = 5 << 20 })
        try await store.append(try key("u/1/data"), ByteBuffer(repeating: 1, count: 6 << 20), at: 0)
        let upload = try await store.row(try key("u/1/data"))?.upload
        #expect(upload != nil)
        try await store.delete(try key("u/1"))
        #expect(try await store.client.parts("abort/u/1/data", upload ?? "") == nil)
        #expect(try await store.info(key("u/1/data")) == nil)
    }

    @Test func whatDeadProcessesLeftIsSwept() async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "swept") { $0.partSize = 5 << 20 })
        // A session that still grows, one whose name is lost, and a fill that died.
        try await store.append(try key("u/1/data"), ByteBuffer(repeating: 1, count: 6 << 20), at: 0)
        let kept = try #require(try await store.row(try key("u/1/data"))?.upload)
        let lost = try await store.client.createUpload("swept/u/2/data")
        let died = try await store.client.createUpload("swept/blobs/one")
        let elsewhere = try await moto.store(moto.settings(prefix: "swept-not")).client.createUpload("swept-not/x")
        try await store.write(try key(".entrepot/moves/x/0"), ByteBuffer(), .cached)
        // moto says of every upload that it began in 2010; of the claim it says the truth.
        #expect(try await store.sweep(before: 1_000_000_000, isDry: false) == 0)
        #expect(try await store.sweep(before: 1_700_000_000, isDry: true) == 2)
        #expect(try await store.client.parts("swept/u/2/data", lost) != nil)
        #expect(try await store.sweep(before: 1_700_000_000, isDry: false) == 2)
        #expect(try await store.client.parts("swept/u/1/data", kept) != nil)
        for (key, id) in [("swept/u/2/data", lost), ("swept/blobs/one", died)] {
            #expect(try await store.client.parts(key, id) == nil)
        }
        #expect(try await store.client.parts("swept-not/x", elsewhere) != nil)
        #expect(try await store.sweep(before: 4_000_000_000, isDry: false) == 1)
        #expect(try await store.list(try key(".entrepot/moves"), after: nil, limit: 10) == [])
    }

    /// Two replicas, of which each remembers what it wrote.
    @Test(arguments: [3, 6 << 20]) func whatAnotherReplicaHasAddedIsNeitherPlacedNorLost(size: Int) async throws {
        let moto = try #require(MotoServer.current)
        let settings = moto.settings(prefix: "two-\(size)") { $0.partSize = 5 << 20 }
        let (one, other) = (moto.store(settings), moto.store(settings))
        for store in [one, other] { try await store.prepare() }
        let (first, second) = (ByteBuffer.pattern(count: size), ByteBuffer(string: "more"))
        let source = try key("docker/registry/v2/repositories/a/_uploads/u/data")
        let target = try key("target")
        let mine = try await one.append(source, first, to: .nothing)
        #expect(try await other.info(source)?.size == Int64(size))
        try await other.append(source, second, at: Int64(size))
        // Nor is one overwritten by who has not seen the other.
        await #expect(throws: StorageError.self) {
            try await one.append(source, ByteBuffer(string: "else"), to: mine)
        }
        #expect(try await one.info(source)?.size == Int64(size + 4))
        var whole = first
        whole.writeImmutableBuffer(second)
        await #expect(throws: StorageError.self) { try await one.place(source, mine, at: target, .durable) }
        let all = try await one.grown(source, Int64(size + 4))
        try await one.place(source, all, at: target, .durable)
        #expect(try await bytes(one, target) == whole)
        try await one.delete([source])
        #expect(try await one.client.page("two-\(size)/docker/", delimiter: nil, limit: 10).objects.isEmpty)
        #expect(try await one.client.uploads("two-\(size)", after: nil).found.isEmpty)
    }

    @Test func aPartThatWasReplacedMakesNoObject() async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "replaced") { $0.partSize = 5 << 20 })
        try await store.prepare()
        let (source, target) = (try key("up/data"), try key("target"))
        let mine = try await store.append(source, ByteBuffer(repeating: 1, count: 5 << 20), to: .nothing)
        let upload = try #require(try await store.row(source)?.upload)
        _ = try await store.client.uploadPart(
            "replaced/up/data", upload, 1, ByteBuffer(repeating: 2, count: 5 << 20))
        let error = await #expect(throws: StorageError.self) {
            try await store.place(source, mine, at: target, .durable)
        }
        #expect(error?.code == .conflict)
        #expect(try await store.info(target) == nil)
        // Nor does it grow on as if nothing had happened, once somebody has looked.
        _ = try await store.info(source)
        await #expect(throws: StorageError.self) {
            _ = try await store.append(source, ByteBuffer(string: "more"), to: mine)
        }
    }

    @Test(arguments: [0, 7, 5 << 20, 13 << 20]) func whatIsWrittenPieceByPieceIsSeenWhenItIsFinished(size: Int)
        async throws
    {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "written-\(size)") { $0.partSize = 5 << 20 })
        let content = ByteBuffer.pattern(count: size)
        let writer = try #require(store.writer(of: try key("blobs/one")))
        var rest = content
        while let piece = rest.readSlice(length: min(rest.readableBytes, store.appendSize)), piece.readableBytes > 0 {
            try await writer.append(piece)
            #expect(try await store.info(key("blobs/one")) == nil)
        }
        try await writer.finish()
        #expect(try await bytes(store, key("blobs/one")) == content)
        let other = try #require(store.writer(of: try key("blobs/two")))
        try await other.append(ByteBuffer.pattern(count: 6 << 20))
        await other.giveUp()
        #expect(try await store.client.uploads("written-\(size)", after: nil).found.isEmpty)
        #expect(try await store.info(key("blobs/two")) == nil)
    }

    @Test func namesComeInTheirOwnOrderAndNotInThatOfKeys() async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "order"))
        let names = ["v1", "v1-a", "v1-b", "v1.2", "v1.2-x", "v10", "v2"]
        for name in names { try await store.write(try key("tags/\(name)/current/link"), ByteBuffer(), .cached) }
        for limit in 1...7 {
            var found: [String] = []
            while true {
                let page = try await store.list(try key("tags"), after: found.last, limit: limit)
                found += page
                if page.count < limit { break }
            }
            #expect(found == names, "pages of \(limit)")
        }
    }

    @Test func hostileKeysAreKept() async throws {
        let moto = try #require(MotoServer.current)
        let store = moto.store(moto.settings(prefix: "hostile ü+%41"))
        let names = ["a b", "a+b", "a%2Fb", "ü日本😀", "a?b=c&d#e", "a;b,c'\"`", "a*()!$@:=", "[{}]|^<>&amp;"]
        for name in names { try await store.write(try key("x/\(name)"), ByteBuffer(string: name), .cached) }
        #expect(
            try await store.list(key("x"), after: nil, limit: 100)
                == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        for name in names {
            #expect(try await String(buffer: bytes(store, key("x/\(name)"))) == name)
            try await store.move(try key("x/\(name)"), to: try key("y/\(name)"), .cached)
        }
        try await store.delete(try key("y"))
        #expect(try await store.list(key("y"), after: nil, limit: 100) == [])
    }

    @Test func ofManyWhoMoveAnObjectOneDoes() async throws {
        let moto = try #require(MotoServer.current)
        let settings = moto.settings(prefix: "once")
        let first = moto.store(settings)
        try await first.prepare()
        #expect(first.conditions.areKept)
        try await first.write(key("marks/one"), ByteBuffer(string: "x"), .cached)
        let moved = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let store = moto.store(settings)
                    try await store.prepare()
                    do {
                        try await store.move(try key("marks/one"), to: try key("moved/\(number)"), .cached)
                        return true
                    } catch let error as StorageError where error.code == .absent {
                        return false
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(moved == 1)
        #expect(try await first.list(key("moved"), after: nil, limit: 10).count == 1)
        #expect(try await first.info(key("marks/one")) == nil)
        #expect(try await first.list(key(".entrepot/moves"), after: nil, limit: 10) == [])
    }

    /// A collector has claimed the mark, and comes to copy it later or never.
    @Test(arguments: [false, true]) func aMarkIsTakenBackWhoeverHasClaimedIt(isLink: Bool) async throws {
        let moto = try #require(MotoServer.current)
        let objects = S3Store(moto.client(moto.settings(prefix: "claimed-\(isLink)")), pool: .shared)
        try await objects.prepare()
        #expect(objects.conditions.areKept)
        let store = RegistryStore(objects: objects)
        let digest = Digest(hashing: ByteBuffer(string: "content"))
        let repository = try #require(RepositoryName("team/app"))
        let target = isLink ? Collectable.grant(digest, in: repository) : .content(digest)
        try await store.condemn(target, at: 5, by: CollectionRound())
        let claim = objects.claims(of: objects.name(target.condemned)) + GrowingRow.name(0)
        try await objects.client.put(claim, ByteBuffer())
        try await store.rescue(target)
        #expect(try await objects.info(target.condemned) == nil)
    }

    @Test func aWrongSecretOpensNothing() async throws {
        let moto = try #require(MotoServer.current)
        let wrong = SigV4Credentials(accessKeyID: moto.accessKeyID, secretKey: "wrong")
        let client = moto.client(moto.settings(), wrong)
        let error = await #expect(throws: S3Error.self) { try await client.put("x", ByteBuffer()) }
        #expect(error?.kind == .denied && error?.code == "SignatureDoesNotMatch")
        let address = try await client.presignedAddress(of: "x", lifetime: 60)
        #expect(address != nil)
    }

    private func key(_ path: String) throws -> ObjectKey { try #require(ObjectKey(path)) }

    private func bytes(_ store: S3Store, _ key: ObjectKey) async throws -> ByteBuffer {
        switch try #require(try await store.content(key)) {
        case .bytes(let bytes): return bytes
        case .file(let file, let size): return try #require(file.bytes(count: Int(size)))
        case .remote(let object): return try await object.body(0..<object.size).collect()
        }
    }
}
