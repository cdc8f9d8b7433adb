import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Storage
import TestSupport
import Testing

@testable import Registry

/// A disk that is full while content arrives.
@Suite(.timeLimit(.minutes(1))) struct OverflowTests {
    private let content = ByteBuffer(bytes: (0..<1000).map { UInt8(truncatingIfNeeded: $0) })

    @Test(arguments: [Int64(0), 1, 500, 999])
    func readersGetTheWholeBlobAndNothingIsKept(room: Int64) async throws {
        try await Workshop.open { shop in
            shop.spool.pretendFull(beyond: room)
            let digest = shop.upstream.hold(content)
            let repository = try shop.repository("mirror/x")
            let answer = try await shop.registry.blob(repository, digest, range: nil).content
            #expect(answer.size == 1000)
            #expect(try await answer.bytes() == content)
            #expect(try await shop.store.blobInfo(digest) == nil)
            // And again.
            let second = try await shop.registry.blob(repository, digest, range: nil).content
            #expect(try await second.bytes() == content)
        }
    }

    @Test func aRangeIsServedFromBothSidesOfWhereTheDiskWasFull() async throws {
        try await Workshop.open { shop in
            shop.spool.pretendFull(beyond: 500)
            let digest = shop.upstream.hold(content)
            let repository = try shop.repository("mirror/x")
            for range in [ByteRange.from(990, through: nil), .from(10, through: 19), .from(490, through: 509)] {
                let answer = try await shop.registry.blob(repository, digest, range: range).content
                let part = try #require(answer.range)
                #expect(try await answer.bytes() == content.getSlice(at: Int(part.lowerBound), length: part.count))
            }
        }
    }

    @Test func anUpstreamThatKnowsNoPartsOrBreaksOffSendsTheRestAllTheSame() async throws {
        for blob in [ScriptedUpstream.Blob.withoutRanges(content), .flapping(content, step: 400)] {
            try await Workshop.open { shop in
                shop.spool.pretendFull(beyond: 300)
                let digest = Digest(hashing: content)
                shop.upstream.hold(blob, as: digest)
                let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
                #expect(try await answer.bytes() == content)
            }
        }
    }

    @Test func roomThatIsMadeIsUsed() async throws {
        try await Workshop.open { shop in
            shop.spool.pretendFull(beyond: 0)
            let asked = NIOLockedValueBox<[Int64]>([])
            shop.fills.whenFull { [spool = shop.spool] bytes in
                asked.withLockedValue { $0.append(bytes) }
                spool.pretendFull(beyond: .max)
                return true
            }
            let digest = shop.upstream.hold(content)
            let repository = try shop.repository("mirror/x")
            let answer = try await shop.registry.blob(repository, digest, range: nil).content
            #expect(try await answer.bytes() == content)
            #expect(asked.withLockedValue { $0.count } == 1)
        }
    }

    @Test func wrongBytesAreNotServedToTheirEnd() async throws {
        try await Workshop.open { shop in
            shop.spool.pretendFull(beyond: 500)
            let digest = Digest(hashing: ByteBuffer(string: "something else"))
            shop.upstream.hold(.bytes(content), as: digest)
            let repository = try shop.repository("mirror/x")
            let answer = try await shop.registry.blob(repository, digest, range: nil).content
            await #expect(throws: (any Error).self) { _ = try await answer.bytes() }
        }
    }

    @Test func aManifestForWhichThereIsNoRoomIsServedAllTheSame() async throws {
        try await Workshop.open { shop in
            let text = #"{"schemaVersion":2,"manifests":[]}"#
            let digest = shop.upstream.hold(text, tag: "v1")
            shop.objects.failWrites(.noSpace)
            let repository = try shop.repository("mirror/x")
            let served = try await shop.registry.manifest(repository, .tag(try #require(OCI.Tag("v1"))))
            #expect(served.content.digest == digest)
            shop.objects.failWrites(nil)
            #expect(try await shop.store.manifest(digest, in: repository.name) == nil)
        }
    }

    // MARK: A store that may not be written to

    private static let codes = [StorageError.Code.noSpace, .readOnly, .permissionDenied]

    @Test(arguments: codes)
    func whatIsHeldAndWhatComesIsServedFromAStoreThatCannotBeWrittenTo(code: StorageError.Code) async throws {
        try await Workshop.open { shop in
            let image = Image()
            let old = image.hold(on: shop.upstream)
            let tag = Reference.tag(try #require(Tag("v1")))
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, tag)
            try await image.pullBlobs(shop)
            shop.objects.failWrites(code)
            shop.pass(seconds: 61)
            let confirmed = try await shop.registry.manifest(repository, tag)
            #expect(confirmed.content.digest == old)
            #expect(confirmed.warning == nil)
            let newer = Image(9)
            let new = newer.hold(on: shop.upstream)
            #expect(try await shop.registry.manifest(repository, tag).content.digest == new)
            try await newer.pullBlobs(shop)
            #expect(try await shop.store.blobInfo(Digest(hashing: newer.layers[0])) == nil)
            shop.upstream.forget(tag: "v1")
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.manifest(repository, tag)
            }
            #expect(error?.status == 404)
        }
    }

    @Test func whatCannotBeSpooledIsPassedOn() async throws {
        try await Workshop.open { shop in
            for room in [Int64(0), 500] {
                shop.spool.pretendFull(beyond: room, isReadOnly: true)
                let bytes = ByteBuffer(bytes: content.readableBytesView.map { $0 &+ UInt8(room % 251) })
                let digest = shop.upstream.hold(bytes)
                let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content
                #expect(try await answer.bytes() == bytes)
            }
        }
    }

    @Test(arguments: codes)
    func whatMustBeWrittenIsToldSo(code: StorageError.Code) async throws {
        try await Workshop.open { shop in
            let image = Image()
            image.hold(on: shop.upstream)
            let tag = try #require(Tag("v1"))
            let mirror = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(mirror, .tag(tag))
            shop.objects.failWrites(code)
            let status = code == .noSpace ? 507 : 503
            if code == .noSpace {
                #expect(try await shop.registry.purge(mirror, .tag(tag)) == 1)
            } else {
                let purged = await #expect(throws: RegistryError.self) {
                    try await shop.registry.purge(mirror, .tag(tag))
                }
                #expect(purged?.status == status)
            }
            let pushed = await #expect(throws: RegistryError.self) {
                try await shop.registry.startUpload(try shop.repository("local/a"))
            }
            #expect(pushed?.status == status)
        }
    }
}
