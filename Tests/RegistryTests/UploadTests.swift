import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing

/// Upload sessions: what a client may rely on when connections break and servers end.
@Suite(.timeLimit(.minutes(1))) struct UploadTests {
    private let content = ByteBuffer.pattern(count: 3_000_000)

    private func part(_ range: Range<Int>) -> ByteBuffer {
        content.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    /// Gives the pieces one by one, and then the error or the end.
    private final class Pieces: Sendable {
        private let pieces: NIOLockedValueBox<[ByteBuffer]>
        private let error: RegistryError?

        init(_ pieces: [ByteBuffer], then error: RegistryError? = nil) {
            self.pieces = NIOLockedValueBox(pieces)
            self.error = error
        }

        func next() async throws(RegistryError) -> ByteBuffer? {
            if let piece = pieces.withLockedValue({ $0.isEmpty ? nil : $0.removeFirst() }) { return piece }
            if let error { throw error }
            return nil
        }
    }

    private func append(
        _ registry: Registry, _ repository: Repository, _ id: UploadID, _ pieces: Pieces, range: Range<Int64>? = nil
    ) async throws -> UploadOutcome {
        try await registry.appendToUpload(repository, id, UploadPart(range: range)) { () async throws(RegistryError) in
            try await pieces.next()
        }
    }

    private func complete(
        _ registry: Registry, _ repository: Repository, _ id: UploadID, _ digest: Digest, _ pieces: [ByteBuffer] = []
    ) async throws -> UploadOutcome {
        let pieces = Pieces(pieces)
        return try await registry.completeUpload(repository, id, as: digest, UploadPart()) {
            () async throws(RegistryError) in
            try await pieces.next()
        }
    }

    private func stored(_ shop: Workshop, _ repository: Repository, _ digest: Digest) async throws -> ByteBuffer {
        try await shop.registry.blob(repository, digest, range: nil).content.bytes()
    }

    @Test(
        arguments: Digest.Algorithm.allCases,
        ["checkpoint", "no checkpoint", "damaged checkpoint", "old checkpoint", "checkpoint too far"])
    func anUploadGoesOnAfterARestart(algorithm: Digest.Algorithm, state: String) async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let id = try await shop.registry.startUpload(repository, algorithm: algorithm).id
            let first = try await append(shop.registry, repository, id, Pieces([part(0..<1_000_001)]))
            #expect(first == .accepted(UploadStatus(id: id, size: 1_000_001)))
            let key = try #require(shop.objects.keys.first { $0.hasSuffix(".entrepot-hash") }.flatMap { ObjectKey($0) })
            switch state {
            case "no checkpoint":
                try await shop.objects.delete(key)
            case "damaged checkpoint":
                try await shop.objects.write(key, ByteBuffer(string: "nonsense"), .cached)
            case "old checkpoint":
                var hasher = DigestHasher(algorithm)
                hasher.update(part(0..<77))
                try await shop.objects.write(key, hasher.checkpoint(), .cached)
            case "checkpoint too far":
                var hasher = DigestHasher(algorithm)
                hasher.update(part(0..<2_000_000))
                try await shop.objects.write(key, hasher.checkpoint(), .cached)
            default:
                break
            }
            let second = shop.secondRegistry
            #expect(try await second.uploadStatus(repository, id).size == 1_000_001)
            let more = try await append(
                second, repository, id, Pieces([part(1_000_001..<2_000_000)]), range: 1_000_001..<2_000_000)
            #expect(more == .accepted(UploadStatus(id: id, size: 2_000_000)))
            let digest = Digest(hashing: content, with: algorithm)
            #expect(
                try await complete(shop.registry, repository, id, digest, [part(2_000_000..<3_000_000)])
                    == .complete(digest))
            #expect(try await stored(shop, repository, digest) == content)
            #expect(!shop.objects.keys.contains { $0.contains("_uploads") })
        }
    }

    @Test func whatCameBeforeAConnectionBrokeIsKept() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let id = try await shop.registry.startUpload(repository).id
            let broken = RegistryError(.blobUploadInvalid, "broken")
            let pieces = Pieces([part(0..<700_000), part(700_000..<700_100)], then: broken)
            await #expect(throws: RegistryError.self) { try await append(shop.registry, repository, id, pieces) }
            #expect(try await shop.secondRegistry.uploadStatus(repository, id).size == 700_100)
            let digest = Digest(hashing: content)
            #expect(
                try await complete(shop.secondRegistry, repository, id, digest, [part(700_100..<3_000_000)])
                    == .complete(digest))
        }
    }

    @Test func manySmallPiecesAreOneContent() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let id = try await shop.registry.startUpload(repository).id
            let pieces = stride(from: 0, to: 3_000_000, by: 999).map { part($0..<min($0 + 999, 3_000_000)) }
            #expect(
                try await append(shop.registry, repository, id, Pieces(pieces))
                    == .accepted(UploadStatus(id: id, size: 3_000_000)))
            let digest = Digest(hashing: content)
            #expect(try await complete(shop.registry, repository, id, digest) == .complete(digest))
            #expect(try await stored(shop, repository, digest) == content)
        }
    }

    @Test func ofTwoWritersOfOnePlaceOneIsTakenAndTheOtherToldWhereToGoOn() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let id = try await shop.registry.startUpload(repository).id
            let outcomes = try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    let pieces = Pieces([part(0..<600_000), part(600_000..<1_000_000)])
                    group.addTask { try await append(shop.registry, repository, id, pieces, range: 0..<1_000_000) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == .accepted(UploadStatus(id: id, size: 1_000_000)) }.count == 1)
            #expect(try await shop.registry.uploadStatus(repository, id).size == 1_000_000)
            let digest = Digest(hashing: part(0..<1_000_000))
            #expect(try await complete(shop.registry, repository, id, digest) == .complete(digest))
        }
    }

    @Test func fiftyClientsPushTheSameBlob() async throws {
        try await Workshop.open { shop in
            let digest = Digest(hashing: content)
            try await withThrowingTaskGroup { group in
                for number in 0..<50 {
                    group.addTask {
                        let repository = try shop.repository("local/a\(number % 5)")
                        let pieces = Pieces([content])
                        try await shop.registry.putBlob(repository, digest, length: nil) {
                            () async throws(RegistryError) in
                            try await pieces.next()
                        }
                        #expect(try await stored(shop, repository, digest) == content)
                    }
                }
                try await group.waitForAll()
            }
            #expect(!shop.objects.keys.contains { $0.contains("_uploads") })
        }
    }

    @Test func whatIsIdleForTooLongIsSweptAndNothingElse() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/deep/er/a")
            let old = try await shop.registry.startUpload(repository).id
            let touched = try await shop.registry.startUpload(repository).id
            shop.pass(seconds: 50)
            _ = try await append(shop.registry, repository, touched, Pieces([part(0..<10)]))
            let young = try await shop.registry.startUpload(try shop.repository("local/b")).id
            shop.pass(seconds: 51)
            try await sweep(shop, expiry: 100)
            await #expect(throws: RegistryError.self) { try await shop.registry.uploadStatus(repository, old) }
            #expect(try await shop.registry.uploadStatus(repository, touched).size == 10)
            #expect(try await shop.registry.uploadStatus(try shop.repository("local/b"), young).size == 0)
            shop.pass(seconds: 101)
            try await sweep(shop, expiry: 100)
            #expect(shop.objects.keys == [])
        }
    }

    @Test func aSessionThatCannotBeReadKeepsNoOther() async throws {
        try await Workshop.open { shop in
            var ids: [UploadID] = []
            for name in ["local/a", "local/a", "local/b"] {
                ids.append(try await shop.registry.startUpload(try shop.repository(name)).id)
            }
            let repository = try shop.repository("local/a")
            shop.objects.breakObject(RegistryLayout.upload(ids[0], in: repository.name))
            shop.pass(seconds: 101)
            try await sweep(shop, expiry: 100)
            shop.objects.breakObject(nil)
            #expect(shop.objects.keys.filter { $0.contains("_uploads") }.count == 1)
            #expect(try await shop.registry.uploadStatus(repository, ids[0]).size == 0)
        }
    }

    /// A machine whose clock is ahead of the store's, which dates the session.
    @Test func howOldASessionIsIsForTheStoresClockToSay() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let id = try await shop.registry.startUpload(repository).id
            shop.pass(seconds: 200)
            shop.objects.setClock(ahead: -150)
            try await sweep(shop, expiry: 100)
            #expect(try await shop.registry.uploadStatus(repository, id).size == 0)
            // So wrong that nothing is removed at all.
            shop.pass(seconds: 10_000)
            shop.objects.setClock(ahead: -400)
            try await sweep(shop, expiry: 100)
            #expect(try await shop.registry.uploadStatus(repository, id).size == 0)
            shop.objects.setClock(ahead: -150)
            try await sweep(shop, expiry: 100)
            await #expect(throws: RegistryError.self) { try await shop.registry.uploadStatus(repository, id) }
        }
    }

    @Test func otherLimitsHoldForSessionsThatAreOpen() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let id = try await shop.registry.startUpload(repository).id
            _ = try await append(shop.registry, repository, id, Pieces([part(0..<1000)]))
            shop.registry.reconfigure(PushLimits.test(manifestSize: 500, blobSize: 1500))
            #expect(shop.registry.manifestSizeLimit == 500)
            let error = await #expect(throws: RegistryError.self) {
                try await append(shop.registry, repository, id, Pieces([part(1000..<2000)]))
            }
            #expect(error?.status == 413)
        }
    }

    /// One round of the service.
    private func sweep(_ shop: Workshop, expiry: Int64) async throws {
        try await UploadSweeper(registry: shop.registry, expiry: { expiry }) { throw CancellationError() }.run()
    }
}
