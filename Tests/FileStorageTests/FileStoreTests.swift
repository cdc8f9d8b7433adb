@testable import FileStorage
import Foundation
import NIOCore
import Storage
import TestSupport
import Testing
import Threads

@Suite struct FileStoreTests {
    private let folder: TemporaryDirectory
    private let store: FileStore

    init() throws {
        folder = try TemporaryDirectory()
        try FileStore.prepare(root: folder.path)
        store = FileStore(root: folder.path, pool: .shared)
    }

    @Test(arguments: ObjectStoreContract.allCases)
    func keepsTheContract(clause: ObjectStoreContract) async throws {
        try await clause.check(store)
    }

    @Test func preparingTwiceIsFine() throws {
        try FileStore.prepare(root: folder.path)
        #expect(folder.files() == [".entrepot/layout"])
    }

    @Test(arguments: ["link", "link/store", "link/store/deeper", "/proc/entrepot-store"])
    func aRootThatCannotBeMadeIsAnError(root: String) throws {
        let folder = try TemporaryDirectory()
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("link"), withDestinationPath: folder.file("away/disk"))
        let path = root.hasPrefix("/") ? root : folder.file(root)
        #expect(throws: StorageError.self) { try FileStore.prepare(root: path) }
    }

    @Test func anotherLayoutIsRefused() throws {
        try Data("entrepot layout 99\n".utf8).write(to: URL(filePath: folder.file(".entrepot/layout")))
        let error = #expect(throws: StorageError.self) { try FileStore.prepare(root: folder.path) }
        #expect(error?.code == .corrupt)
    }

    @Test func temporaryFilesOfAKilledServerAreNotListed() async throws {
        try await store.write(try #require(ObjectKey("a/b")), ByteBuffer(string: "x"), .cached)
        try Data("torn".utf8).write(to: URL(filePath: folder.file("a/.entrepot-1-1")))
        #expect(try await store.list(try #require(ObjectKey("a")), after: nil, limit: 10) == ["b"])
    }

    /// In a container each server is process 1, and begins to count anew.
    @Test func temporaryFilesOfAKilledServerWithTheSameNumberAreInNobodysWay() async throws {
        try await store.write(try #require(ObjectKey("a/b")), ByteBuffer(string: "x"), .cached)
        let (path, descriptor) = try AtomicFile.temporaryFile(
            in: folder.file("a"), root: folder.path, try #require(ObjectKey("a/b")), SettledFolders())
        close(descriptor)
        let count = try #require(path.split(separator: "-").last.flatMap { Int($0) })
        for number in count..<count + 1000 {
            try Data("torn".utf8).write(to: URL(filePath: folder.file("a/.entrepot-\(getpid())-\(number)")))
        }
        try await store.write(try #require(ObjectKey("a/b")), ByteBuffer(string: "y"), .cached)
        #expect(try await store.list(try #require(ObjectKey("a")), after: nil, limit: 10) == ["b"])
    }

    @Test func aFileAtRestIsSeenToBeReplacedRewrittenAndRemoved() async throws {
        let key = try #require(ObjectKey("a/link"))
        let path = folder.file("a/link")
        func change(at date: Date) throws {
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
        }
        func seen() throws -> any ObjectSighting {
            try change(at: Date(timeIntervalSinceNow: -3600))
            return try #require(store.sighting(key))
        }
        try await store.write(key, ByteBuffer(string: "one"), .cached)
        // The next change might come within the same tick of the clock.
        try change(at: Date(timeIntervalSinceNow: 3600))
        #expect(store.sighting(key) == nil)
        let first = try seen()
        #expect(first.isCurrent)
        try await store.write(key, ByteBuffer(string: "two"), .cached)
        #expect(!first.isCurrent)
        let second = try seen()
        // As distribution writes its links.
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.write(contentsOf: Data("six".utf8))
        try file.close()
        #expect(!second.isCurrent)
        let third = try seen()
        // A copy by hard links, as backups make them, keeps the file that is replaced.
        try FileManager.default.linkItem(atPath: path, toPath: folder.file("a/copy"))
        #expect(!third.isCurrent)
        let fourth = try seen()
        try await store.write(key, ByteBuffer(string: "ten"), .cached)
        #expect(!fourth.isCurrent)
        let fifth = try seen()
        try await store.delete(try #require(ObjectKey("a")))
        #expect(!fifth.isCurrent)
    }

    @Test func aFolderInWhichAKilledServerLeftSomethingIsPrunedWhenThatIsOld() async throws {
        let link = try #require(ObjectKey("a/b/link"))
        let folderOfLink = try #require(ObjectKey("a/b"))
        try await store.write(link, ByteBuffer(string: "x"), .cached)
        try await store.delete(link)
        let torn = folder.file("a/b/.entrepot-1-1")
        try Data("torn".utf8).write(to: URL(filePath: torn))
        try await store.prune(folderOfLink)
        #expect(FileManager.default.fileExists(atPath: torn))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -4000)], ofItemAtPath: torn)
        try await store.prune(folderOfLink)
        #expect(!FileManager.default.fileExists(atPath: folder.file("a/b")))
    }

    @Test func whatIsUnchangedIsNotLookedAtAndAChangeShows() async throws {
        let root = try #require(ObjectKey("links"))
        func write(_ name: String) async throws {
            let key = try #require(ObjectKey("links/\(name)/link"))
            try await store.write(key, ByteBuffer(string: "x"), .cached)
        }
        try await write("a")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: folder.file("links"))
        let settled = try #require(try await store.look(at: root, for: "link", unless: nil))
        let version = try #require(settled.version)
        let again = try await store.look(at: root, for: "link", unless: version)
        #expect(again == nil)
        try await write("b")
        let changed = try await store.look(at: root, for: "link", unless: version)
        #expect(changed?.holding.sorted() == ["a", "b"])
    }

    /// Its names are held in memory, as it has not changed for long.
    @Test func aLargeFolderAtRestIsListedAsItIsAlsoAfterChanges() async throws {
        func key(_ path: String) throws -> ObjectKey { try #require(ObjectKey(path)) }
        func rest() throws {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: folder.file("tags"))
        }
        func names() async throws -> [String] {
            try await store.list(key("tags"), holding: "current/link", after: nil, limit: .max)
        }
        var wanted: [String] = []
        for number in 100..<300 {
            wanted.append("t\(number)")
            try await store.write(key("tags/t\(number)/current/link"), ByteBuffer(string: "x"), .cached)
        }
        try FileManager.default.createDirectory(
            atPath: folder.file("tags/t050/current"), withIntermediateDirectories: true)
        try rest()
        for _ in 0..<2 { #expect(try await names() == wanted) }
        #expect(
            try await store.list(key("tags"), holding: "current/link", after: "t149", limit: 2) == ["t150", "t151"])
        // The folder itself does not change with this.
        try await store.write(key("tags/t050/current/link"), ByteBuffer(string: "x"), .cached)
        #expect(try await names() == ["t050"] + wanted)
        try await store.delete(key("tags/t100"))
        #expect(try await names() == ["t050"] + wanted.dropFirst())
        try rest()
        #expect(try await names() == ["t050"] + wanted.dropFirst())
    }

    @Test func aRootThatIsAFileIsAnError() throws {
        let path = folder.file("plain")
        try Data().write(to: URL(filePath: path))
        #expect(throws: StorageError.self) { try FileStore.prepare(root: path) }
    }
}
