import FileStorage
import Foundation
import NIOCore
import NIOPosix
import Storage
import TestSupport
import Testing

@Suite struct FileStoreTests {
    private let folder: TemporaryDirectory
    private let store: FileStore

    init() throws {
        folder = try TemporaryDirectory()
        try FileStore.prepare(root: folder.path)
        store = FileStore(root: folder.path, pool: .singleton)
    }

    @Test(arguments: ObjectStoreContract.allCases)
    func keepsTheContract(clause: ObjectStoreContract) async throws {
        try await clause.check(store)
    }

    @Test func preparingTwiceIsFine() throws {
        try FileStore.prepare(root: folder.path)
        #expect(folder.files() == [".entrepot/layout"])
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

    @Test func aRootThatIsAFileIsAnError() throws {
        let path = folder.file("plain")
        try Data().write(to: URL(filePath: path))
        #expect(throws: StorageError.self) { try FileStore.prepare(root: path) }
    }
}
