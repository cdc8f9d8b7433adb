import NIOCore
import OCI
import TestSupport
import Testing

@testable import Storage

@Suite struct UploadContractTests {
    private func content(_ store: RegistryStore, _ digest: Digest) async throws -> String? {
        try await store.smallBlob(digest, limit: 1 << 20).map { String(buffer: $0) }
    }

    @Test(arguments: Shelf.allCases)
    func `a session grows at its end alone, and becomes the blob`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, id) = (try Goods.repository(), UploadID())
            #expect(try await store.upload(id, in: repository) == nil)
            try await store.beginUpload(id, in: repository, at: 0, checkpoint: nil)
            #expect(try await store.upload(id, in: repository)?.size == 0)
            try await store.append(ByteBuffer(string: "abc"), to: id, in: repository, at: 0)
            for offset: Int64 in [0, 2, 4] {
                do throws(StorageError) {
                    try await store.append(ByteBuffer(string: "x"), to: id, in: repository, at: offset)
                    Issue.record("taken at \(offset)")
                } catch {
                    #expect(error.code == .conflict)
                }
            }
            try await store.append(ByteBuffer(string: "def"), to: id, in: repository, at: 3)
            #expect(try await store.upload(id, in: repository)?.size == 6)
            let digest = Goods.digest("abcdef")
            for size: Int64 in [3, 7] {
                let error = await #expect(throws: StorageError.self) {
                    try await store.completeUpload(
                        id, in: repository, as: digest, of: GrownObject(size: size, stamp: ""), .durable)
                }
                #expect(error?.code == .conflict)
            }
            try await store.completeUpload(
                id, in: repository, as: digest, of: GrownObject(size: 6, stamp: ""), .durable)
            #expect(try await store.upload(id, in: repository) == nil)
            #expect(try await content(store, digest) == "abcdef")
            #expect(try await store.isGranted(digest, in: repository))
            #expect(try await store.grants(of: repository).map(\.digest) == [digest])
        }
    }

    @Test(arguments: Shelf.allCases) func `a blob that is there is linked and never replaced`(shelf: Shelf) async throws
    {
        try await shelf.open { store, _ in
            let repository = try Goods.repository()
            let blob = RegistryLayout.blob(Goods.digest("abcdef"))
            try await store.objects.write(blob, ByteBuffer(string: "ABCDEF"), .durable)
            _ = try await Goods.push("abcdef", store, to: repository)
            #expect(try await content(store, Goods.digest("abcdef")) == "ABCDEF")
            #expect(try await store.isGranted(Goods.digest("abcdef"), in: repository))
            #expect(try await store.uploads(of: repository, after: nil, limit: 10).ids == [])
            // What was cut off by a power loss is no blob.
            try await store.objects.write(blob, ByteBuffer(string: "ABC"), .durable)
            _ = try await Goods.push("abcdef", store, to: repository)
            #expect(try await content(store, Goods.digest("abcdef")) == "abcdef")
        }
    }

    /// On disk, and in a bucket, where content comes in large parts.
    @Test(arguments: [false, true]) func `a session was active when anything of it was written`(isRemote: Bool)
        async throws
    {
        let clock = ManualClock()
        if isRemote { clock.store.move(behind: {}) }
        let store = RegistryStore(objects: clock.store)
        let (repository, id) = (try Goods.repository(), UploadID())
        try await store.beginUpload(id, in: repository, at: 0, checkpoint: nil)
        clock.set(10)
        try await store.append(ByteBuffer(string: "abc"), to: id, in: repository, at: 0)
        #expect(try await store.upload(id, in: repository)?.lastActive == 10)
        clock.set(20)
        try await store.setCheckpoint(
            UploadCheckpoint(hash: ByteBuffer(string: "state"), stamp: ""), of: id, in: repository)
        #expect(try await store.upload(id, in: repository)?.lastActive == 20)
    }

    @Test(arguments: Shelf.allCases) func `nothing that was sent is a blob too`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, id) = (try Goods.repository(), UploadID())
            try await store.beginUpload(id, in: repository, at: 0, checkpoint: nil)
            try await store.completeUpload(id, in: repository, as: Goods.digest(""), of: .nothing, .durable)
            #expect(try await content(store, Goods.digest("")) == "")
        }
    }

    @Test(arguments: Shelf.allCases) func `a session belongs to its repository`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, other) = (try Goods.repository(), try Goods.repository("team/other"))
            let id = UploadID()
            try await store.beginUpload(id, in: repository, at: 0, checkpoint: ByteBuffer(string: "state"))
            #expect(try await store.upload(id, in: other) == nil)
            let found = (
                try await store.checkpoint(of: id, in: repository), try await store.checkpoint(of: id, in: other)
            )
            #expect(found.0 == UploadCheckpoint(hash: ByteBuffer(string: "state"), stamp: ""))
            #expect(found.1 == nil)
            try await store.removeUpload(id, in: other)
            #expect(try await store.upload(id, in: repository) != nil)
            try await store.removeUpload(id, in: repository)
            #expect(try await store.upload(id, in: repository) == nil)
        }
    }

    @Test(arguments: [1, 2, 100]) func `sessions are listed page by page`(limit: Int) async throws {
        try await Shelf.files.open { store, _ in
            let repository = try Goods.repository()
            let ids = (0..<5).map { _ in UploadID() }
            for id in ids { try await store.beginUpload(id, in: repository, at: 0, checkpoint: nil) }
            var found: [UploadID] = []
            var last: String?
            repeat {
                let page = try await store.uploads(of: repository, after: last, limit: limit)
                found += page.ids
                last = page.end
            } while last != nil
            #expect(found == ids.sorted { $0.description < $1.description })
        }
    }

    @Test func `what is left of a session that broke off goes when it is old`() async throws {
        let clock = ManualClock()
        let store = RegistryStore(objects: clock.store)
        let (repository, id) = (try Goods.repository(), UploadID())
        clock.set(100)
        try await store.beginUpload(id, in: repository, at: 100, checkpoint: nil)
        try await store.append(ByteBuffer(string: "abc"), to: id, in: repository, at: 0)
        // It is a session still.
        #expect(try await !store.removeRemains(of: id, in: repository, before: 1000))
        try await store.setCheckpoint(
            UploadCheckpoint(hash: ByteBuffer(string: "state"), stamp: ""), of: id, in: repository)
        try await clock.store.delete(RegistryLayout.upload(id, in: repository))
        #expect(try await !store.removeRemains(of: id, in: repository, before: 100))
        #expect(try await store.removeRemains(of: id, in: repository, before: 101))
        #expect(try await !store.removeRemains(of: id, in: repository, before: 1000))
        #expect(clock.store.keys == [])
    }
}
