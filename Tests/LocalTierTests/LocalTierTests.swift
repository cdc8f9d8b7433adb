import Coordination
import Foundation
import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Storage
import TestSupport
import Testing
import Threads

@testable import LocalTier

@Suite struct LocalTierTests {
    private static let mebibyte = 1 << 20

    /// A tier with all that it stands on.
    private struct Rig {
        let folder: TemporaryDirectory
        let distant: DistantStore
        let time = NIOLockedValueBox<Int64>(1_700_000_000)

        init() throws {
            folder = try TemporaryDirectory()
            distant = DistantStore()
        }

        var directory: String { folder.file("hot") }

        /// - Parameter mebibytes: What it may hold.
        func tier(_ mebibytes: Int64 = 100, memory: Int = 1 << 20) throws -> LocalTier {
            try LocalTier(
                of: distant, directory: directory, capacity: mebibytes << 20, memory: memory, pool: .shared,
                logger: Logger(label: "test"),
                start: { work in
                    Task { await work() }
                    return true
                }, now: { [time] in time.withLockedValue { $0 } })
        }

        func store(_ seed: Int, _ count: Int = 3 * mebibyte + 17) async throws -> (key: ObjectKey, bytes: ByteBuffer) {
            var bytes = ByteBuffer.pattern(count: count)
            bytes.setInteger(seed, at: bytes.readerIndex)
            let key = RegistryLayout.blob(Digest(hashing: bytes))
            try await distant.write(key, bytes, .cached)
            return (key, bytes)
        }

        /// The files that are kept whole.
        var files: [String] {
            let all = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
            return all.filter { $0.contains(".") }.sorted()
        }
    }

    private func text(_ content: ObjectContent?) async throws -> ByteBuffer {
        switch try #require(content) {
        case .bytes(let bytes): return bytes
        case .file(let file, let size): return try #require(file.bytes(count: Int(size)))
        case .remote(let object): return try await object.body(0..<object.size).collect()
        }
    }

    private func isFile(_ content: ObjectContent?) -> Bool { if case .file? = content { true } else { false } }

    /// Reads until the content comes from a file: who fills it does so in its own time.
    private func settle(_ tier: LocalTier, _ key: ObjectKey) async throws {
        _ = try await text(try await tier.content(key))
        while tier.state.withLockedValue({ !$0.fills.isEmpty }) { await Task.yield() }
    }

    @Test(arguments: ObjectStoreContract.allCases) func keepsTheContract(clause: ObjectStoreContract) async throws {
        let folder = try TemporaryDirectory()
        let tier = try LocalTier(
            of: MemoryStore(), directory: folder.file("hot"), capacity: 1 << 20, memory: 1 << 20, pool: .shared,
            logger: Logger(label: "test"), start: { _ in false }, now: { 0 })
        try await clause.check(tier)
    }

    @Test func whatWasReadOnceIsServedFromAFile() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1)
        #expect(try await text(tier.content(key)) == bytes)
        try await settle(tier, key)
        let content = try await tier.content(key)
        #expect(isFile(content))
        #expect(try await text(content) == bytes)
        #expect(rig.distant.reads == 1)
    }

    @Test func manyReadersOfOneObjectReadItOnceWhileItComes() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1)
        rig.distant.allowed.update { $0 = 3 }
        try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            for _ in 0..<20 { group.addTask { try await text(tier.content(key)) } }
            while rig.distant.state.withLockedValue({ $0.pieces }) < 3 { await Task.yield() }
            rig.distant.allowed.update { $0 = .max }
            for try await read in group { #expect(read == bytes) }
        }
        #expect(rig.distant.reads == 1)
    }

    @Test func aReaderGetsBytesBeforeTheWholeIsHere() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1)
        rig.distant.allowed.update { $0 = 4 }
        guard case .remote(let object)? = try await tier.content(key) else { throw CancellationError() }
        #expect(try await object.address(lifetime: 10) == "address")
        let body = object.body(0..<object.size)
        var found = try #require(try await body.next())
        #expect(found == bytes.getSlice(at: 0, length: found.readableBytes))
        rig.distant.allowed.update { $0 = .max }
        while let piece = try await body.next() { found.writeImmutableBuffer(piece) }
        #expect(found == bytes)
    }

    @Test func partsAreReadPastAndFetchNoWhole() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1)
        guard case .remote(let object)? = try await tier.content(key) else { throw CancellationError() }
        #expect(try await object.body(100..<200).collect() == bytes.getSlice(at: 100, length: 100))
        #expect(rig.files.isEmpty && tier.state.withLockedValue { $0.fills.isEmpty })
    }

    @Test func theLeastUsedGoesFirstAndTheBoundIsKept() async throws {
        let rig = try Rig()
        let tier = try rig.tier(10)
        var keys: [ObjectKey] = []
        for seed in 1...3 {
            let (key, _) = try await rig.store(seed)
            keys.append(key)
            try await settle(tier, key)
        }
        let used = try await tier.content(keys[0])
        #expect(isFile(used))
        let (fourth, _) = try await rig.store(4)
        try await settle(tier, fourth)
        #expect(rig.files.count == 3)
        for (key, isHeld) in [(keys[0], true), (fourth, true), (keys[1], false)] {
            let content = try await tier.content(key)
            #expect(isFile(content) == isHeld)
        }
        let (large, bytes) = try await rig.store(5, 11 * Self.mebibyte)
        try await settle(tier, large)
        #expect(try await text(tier.content(large)) == bytes)
        #expect(rig.files.count == 3)
    }

    @Test func whatIsHeldSurvivesARestartAndIsHashedBeforeItIsServed() async throws {
        let rig = try Rig()
        let (key, bytes) = try await rig.store(1)
        let (other, others) = try await rig.store(2)
        do {
            let tier = try rig.tier()
            try await settle(tier, key)
            try await settle(tier, other)
        }
        // The one is damaged, of the right size; beside it lies what nobody knows.
        let damaged = try #require(rig.files.first { $0.contains(Digest(hashing: others).hex) })
        let path = rig.directory + "/" + damaged
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.seek(toOffset: 1_000_000)
        try handle.write(contentsOf: Data("damage".utf8))
        try handle.close()
        try Data("x".utf8).write(to: URL(filePath: rig.directory + "/sha256/aa.5"))
        try Data("x".utf8).write(to: URL(filePath: rig.directory + "/partial/7"))
        let before = rig.distant.reads
        let tier = try rig.tier()
        let content = try await tier.content(key)
        #expect(isFile(content))
        #expect(try await text(content) == bytes)
        #expect(rig.distant.reads == before)
        #expect(try await text(tier.content(other)) == others)
        #expect(rig.distant.reads == before + 1)
        #expect(!FileManager.default.fileExists(atPath: rig.directory + "/partial/7"))
        try await settle(tier, other)
        let again = try await tier.content(other)
        #expect(isFile(again))
    }

    @Test func whatWasNotHashedForLongIsHashedAgain() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1)
        try await settle(tier, key)
        let path = rig.directory + "/" + (try #require(rig.files.first))
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.write(contentsOf: Data("damage".utf8))
        try handle.close()
        rig.time.withLockedValue { $0 += 8 * 86_400 }
        #expect(try await text(tier.content(key)) == bytes)
        #expect(rig.distant.reads == 2)
    }

    @Test func aFileOfAnotherSizeIsDropped() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1)
        try await settle(tier, key)
        let path = rig.directory + "/" + (try #require(rig.files.first))
        try #require(truncate(path, 1000) == 0)
        #expect(try await text(tier.content(key)) == bytes)
        #expect(rig.distant.reads == 2)
    }

    @Test func wrongBytesOfTheStoreBehindAreNeverWholeToAReader() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, _) = try await rig.store(1)
        let (_, wrong) = try await rig.store(2)
        try await rig.distant.write(key, wrong, .cached)
        let error = await #expect(throws: StorageError.self) { try await text(tier.content(key)) }
        #expect(error?.code == .corrupt)
        #expect(rig.files.isEmpty)
    }

    @Test func whereTheFillBreaksOffReadersGoOnThemselves() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1)
        rig.distant.state.withLockedValue { $0.breaking = (transfer: 1, at: 1_400_000) }
        let read = try await text(tier.content(key))
        #expect(read == bytes)
        #expect(rig.distant.reads == 2)
        while tier.state.withLockedValue({ !$0.fills.isEmpty }) { await Task.yield() }
        #expect(rig.files.isEmpty)
    }

    @Test func aFolderThatCannotBeWrittenCostsReadersNothing() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1)
        try FileManager.default.removeItem(atPath: rig.directory + "/partial")
        #expect(try await text(tier.content(key)) == bytes)
        #expect(try await text(tier.content(key)) == bytes)
        #expect(tier.state.withLockedValue { $0.index.reserved } == 0)
        #expect(tier.state.withLockedValue { $0.pausedUntil } > rig.time.withLockedValue { $0 })
    }

    @Test func adoptedFilesAreKeptWithoutBeingReadBack() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let bytes = ByteBuffer.pattern(count: 2 * Self.mebibyte)
        let key = RegistryLayout.blob(Digest(hashing: bytes))
        try Data(bytes.readableBytesView).write(to: URL(filePath: rig.folder.file("spool")))
        try await tier.adopt(file: rig.folder.file("spool"), as: key, .cached)
        #expect(!FileManager.default.fileExists(atPath: rig.folder.file("spool")))
        let content = try await tier.content(key)
        #expect(isFile(content))
        #expect(try await text(content) == bytes)
        #expect(rig.distant.reads == 0)
        #expect(try await rig.distant.info(key)?.size == Int64(bytes.readableBytes))
    }

    @Test func whatIsDeletedOrMovedIsServedNoMore() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (one, _) = try await rig.store(1)
        let (other, _) = try await rig.store(2)
        for key in [one, other] { try await settle(tier, key) }
        try await tier.delete(one)
        try await tier.move(other, to: try #require(ObjectKey("elsewhere")), .durable)
        for key in [one, other] {
            let content = try await tier.content(key)
            #expect(content == nil)
        }
        #expect(rig.files.isEmpty)
    }

    @Test func smallContentStaysInMemory() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let (key, bytes) = try await rig.store(1, 2000)
        for _ in 0..<3 {
            #expect(try await tier.read(key, limit: 4000)?.bytes == bytes)
            #expect(try await text(tier.content(key)) == bytes)
        }
        #expect(rig.distant.reads == 1)
        let error = await #expect(throws: StorageError.self) { try await tier.read(key, limit: 10) }
        #expect(error?.code == .tooLarge)
        // What is not what its digest says is passed on and not kept.
        let (wrong, _) = try await rig.store(2, 3000)
        try await rig.distant.write(wrong, ByteBuffer(string: "other"), .cached)
        for _ in 0..<2 { #expect(try await tier.read(wrong, limit: 4000)?.bytes == ByteBuffer(string: "other")) }
        try await tier.delete(key)
        #expect(try await tier.read(key, limit: 4000) == nil)
    }

    @Test func oneProcessHasTheFolder() throws {
        let rig = try Rig()
        let tier = try rig.tier()
        let error = #expect(throws: StorageError.self) { try rig.tier() }
        #expect(error?.message.contains("storage.cache.directory") == true)
        withExtendedLifetime(tier) {}
    }

    @Test func roomIsMadeForOthersWhereThereIsNone() async throws {
        let rig = try Rig()
        let tier = try rig.tier()
        for seed in 1...3 { try await settle(tier, try await rig.store(seed).key) }
        #expect(await !tier.makeRoom(for: 1, at: rig.directory))
        #expect(await !tier.makeRoom(for: .max, at: "/proc"))
        #expect(rig.files.count == 3)
        #expect(await tier.makeRoom(for: .max, at: rig.directory))
        #expect(rig.files.isEmpty)
    }
}
