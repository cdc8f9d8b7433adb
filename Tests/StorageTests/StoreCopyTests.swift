import Foundation
import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Storage
import TestSupport
import Testing

@Suite struct StoreCopyTests {
    private struct Rig {
        let folder: TemporaryDirectory
        let source = MemoryStore()
        let target = MemoryStore()
        let failed = NIOLockedValueBox<[String]>([])

        init() throws { folder = try TemporaryDirectory() }

        func run(rehashing: Bool = false, jobs: Int = 3) async throws -> StoreCopy.Progress {
            try await StoreCopy(
                from: source, to: target, through: folder.path, jobs: jobs, isRehashing: rehashing, report: { _ in },
                fail: { [failed] key, _ in failed.withLockedValue { $0.append(key.path) } }
            ).run()
        }

        /// A store with all kinds of objects, in repositories whose names look like ours.
        func fill() async throws -> [Digest] {
            let store = RegistryStore(objects: source)
            var digests: [Digest] = []
            for (index, name) in ["a/b", "team/data", "team/link"].enumerated() {
                let repository = try #require(RepositoryName(name))
                for count in [0, 10, 3_000_000] {
                    var bytes = ByteBuffer.pattern(count: count)
                    if count > 0 { bytes.setInteger(UInt8(index), at: 0) }
                    let digest = Digest(hashing: bytes)
                    try await source.write(RegistryLayout.blob(digest), bytes, .cached)
                    try await store.grant(digest, in: repository, .durable)
                    digests.append(digest)
                }
                for tag in ["data", "link", "v1"] {
                    let key = RegistryLayout.tagLink(try #require(Tag(tag)), in: repository)
                    try await source.write(key, ByteBuffer(string: digests[0].description), .cached)
                }
                let mark = try #require(
                    ObjectKey(
                        "docker/registry/v2/repositories/\(name)/_entrepot/pulled/manifests/sha256/\(digests[0].hex)"))
                try await source.write(mark, ByteBuffer(string: "x"), .cached)
                let upload = try #require(RegistryLayout.upload(UploadID(), in: repository).child("data"))
                try await source.append(upload, ByteBuffer(string: "half"), at: 0)
            }
            try await source.write(try #require(ObjectKey(".entrepot/secret")), ByteBuffer(string: "mine"), .cached)
            return digests
        }
    }

    @Test func allIsCarriedButUploadsAndWhatIsTheServersOwn() async throws {
        let rig = try Rig()
        let digests = try await rig.fill()
        let progress = try await rig.run()
        let expected = rig.source.keys.filter { !$0.contains("/_uploads/") && !$0.hasPrefix(".entrepot") }
        #expect(rig.target.keys == expected)
        #expect(progress.contents == Set(digests).count && progress.failures == 0 && progress.present == 0)
        #expect(progress.links == expected.count - progress.contents)
        for path in expected {
            let key = try #require(ObjectKey(path))
            let (left, right) = (
                try await rig.source.read(key, limit: .max), try await rig.target.read(key, limit: .max)
            )
            #expect(left?.bytes == right?.bytes)
        }
        #expect(rig.folder.files() == [])
        let again = try await rig.run()
        #expect(again.contents == 0 && again.links == 0 && again.present == expected.count)
    }

    @Test func aCopyThatWasCutOffGoesOn() async throws {
        let rig = try Rig()
        let digests = try await rig.fill()
        _ = try await rig.run()
        try await rig.target.delete(RegistryLayout.blob(digests[2]))
        let tag = RegistryLayout.tagLink(try #require(Tag("v1")), in: try #require(RepositoryName("a/b")))
        try await rig.target.write(tag, ByteBuffer(string: digests[1].description), .cached)
        let progress = try await rig.run(jobs: 1)
        #expect(progress.contents == 1 && progress.links == 1)
        let carried = try await rig.target.read(tag, limit: 1000)
        #expect(carried?.bytes == ByteBuffer(string: digests[0].description))
    }

    @Test func damageIsNotCarriedAndTheRestIs() async throws {
        let rig = try Rig()
        let digests = try await rig.fill()
        try await rig.source.write(RegistryLayout.blob(digests[2]), ByteBuffer.pattern(count: 3_000_000), .cached)
        try await rig.source.write(RegistryLayout.blob(digests[1]), ByteBuffer(string: "ten bytes!"), .cached)
        let progress = try await rig.run()
        #expect(progress.failures == 1 || progress.failures == 2)
        #expect(Set(rig.failed.withLockedValue { $0 }).contains(RegistryLayout.blob(digests[1]).path))
        #expect(try await rig.target.info(RegistryLayout.blob(digests[1])) == nil)
        #expect(progress.contents > 0 && progress.links > 0)
    }

    @Test func whatIsWrongOverThereIsFoundByRehashing() async throws {
        let rig = try Rig()
        let digests = try await rig.fill()
        _ = try await rig.run()
        try await rig.target.write(RegistryLayout.blob(digests[1]), ByteBuffer(string: "ten bytes!"), .cached)
        #expect(try await rig.run().contents == 0)
        #expect(try await rig.run(rehashing: true).contents == 1)
        #expect(try await rig.run(rehashing: true).contents == 0)
    }
}
