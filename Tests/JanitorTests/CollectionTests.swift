import Coordination
import FileStorage
import Foundation
import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport
import Testing
import Threads

@testable import Janitor
@testable import Registry
@testable import Storage

/// Collection while clients push, mount, delete and pull.
@Suite(.timeLimit(.minutes(2))) struct CollectionTests {
    private static let grace: Int64 = 100

    private static func collect(_ shop: Workshop, grace: Int64 = grace) async throws -> [String: Int64] {
        var collection = Collection(
            store: shop.registry.janitorStore, registry: shop.registry,
            settings: JanitorSettings.test(shop.namespaces, grace: grace), logger: Logger(label: "test"),
            now: shop.time)
        try await collection.run()
        return collection.counts
    }

    private static func push(_ shop: Workshop, blob: ByteBuffer, to name: String) async throws -> Digest {
        let digest = Digest(hashing: blob)
        let rest = NIOLockedValueBox<ByteBuffer?>(blob)
        try await shop.registry.putBlob(
            try shop.repository(name), digest, length: Int64(blob.readableBytes)
        ) {
            rest.withLockedValue { rest in
                defer { rest = nil }
                return rest
            }
        }
        return digest
    }

    private static func manifest(_ blobs: [(Digest, Int)]) -> ByteBuffer {
        let layers = blobs.map {
            #"{"mediaType":"application/octet-stream","digest":"\#($0.0)","size":\#($0.1)}"#
        }
        return ByteBuffer(string: #"{"schemaVersion":2,"layers":[\#(layers.joined(separator: ","))]}"#)
    }

    private static func push(_ shop: Workshop, manifest: ByteBuffer, to name: String, tag: String) async throws
        -> Digest
    {
        try await shop.registry.putManifest(
            try shop.repository(name),
            IncomingManifest(
                bytes: manifest, mediaType: .imageManifest, reference: .tag(try #require(OCI.Tag(tag))))
        ).digest
    }

    /// Names of objects that hold bytes.
    private static func contents(_ shop: Workshop) -> [String] {
        shop.objects.keys.filter { $0.hasPrefix("docker/registry/v2/blobs/") }
    }

    private static func marks(_ shop: Workshop) -> [String] {
        shop.objects.keys.filter { $0.contains("/collection/") }
    }

    @Test func aDeletedImageIsGoneAfterTwoRoundsWithAllThatOnlyItNeeded() async throws {
        try await Workshop.open { shop in
            let base = try await Self.push(shop, blob: ByteBuffer(repeating: 1, count: 100), to: "local/a")
            let own = try await Self.push(shop, blob: ByteBuffer(repeating: 2, count: 200), to: "local/a")
            let old = try await Self.push(
                shop, manifest: Self.manifest([(base, 100), (own, 200)]), to: "local/a", tag: "old")
            _ = try await Self.push(shop, manifest: Self.manifest([(base, 100)]), to: "local/a", tag: "new")
            #expect(Self.contents(shop).count == 4)
            try await shop.registry.deleteManifest(try shop.repository("local/a"), .digest(old))
            #expect(try await Self.collect(shop)["condemned"] == 3)
            shop.pass(seconds: Self.grace - 1)
            #expect(try await Self.collect(shop)["removedContents"] == 0)
            shop.pass(seconds: 1)
            let counts = try await Self.collect(shop)
            #expect(counts["removedLinks"] == 1)
            #expect(counts["removedContents"] == 2)
            #expect(counts["freedBytes"] ?? 0 > 200)
            #expect(Self.contents(shop).count == 2)
            #expect(Self.marks(shop) == [])
            #expect(!shop.objects.keys.contains { $0.contains(own.hex) })
        }
    }

    @Test func aPushThatWasToldThatABlobIsHereHasAnotherGrace() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let blob = try await Self.push(shop, blob: ByteBuffer(repeating: 1, count: 100), to: "local/a")
            _ = try await Self.collect(shop)
            shop.pass(seconds: Self.grace)
            // The next round would remove it.
            _ = try await shop.registry.blobHead(repository, blob)
            _ = try await Self.collect(shop)
            shop.pass(seconds: Self.grace - 1)
            _ = try await Self.collect(shop)
            _ = try await Self.push(shop, manifest: Self.manifest([(blob, 100)]), to: "local/a", tag: "v1")
            shop.pass(seconds: Self.grace * 3)
            for _ in 0..<3 { _ = try await Self.collect(shop) }
            #expect(try await shop.registry.blobHead(repository, blob).content.size == 100)
            #expect(Self.marks(shop) == [])
        }
    }

    @Test func aMountTakesBackWhatWasCondemned() async throws {
        try await Workshop.open { shop in
            let blob = try await Self.push(shop, blob: ByteBuffer(repeating: 1, count: 100), to: "local/a")
            _ = try await Self.collect(shop)
            shop.pass(seconds: Self.grace)
            let isMounted = try await shop.registry.mountBlob(
                try shop.repository("local/b"), blob, from: try shop.repository("local/a"), among: shop.namespaces)
            #expect(isMounted)
            let counts = try await Self.collect(shop)
            #expect(counts["removedLinks"] == 1)
            #expect(counts["removedContents"] == 0)
            _ = try await Self.push(shop, manifest: Self.manifest([(blob, 100)]), to: "local/b", tag: "v1")
        }
    }

    @Test func whatAMirrorHoldsAndWhatIsTaggedNoMoreStays() async throws {
        try await Workshop.open { shop in
            let content = ByteBuffer(repeating: 1, count: 100)
            let blob = shop.upstream.hold(content)
            _ = try await shop.registry.blob(try shop.repository("mirror/x"), blob, range: nil).content.collected()
            let first = try await Self.push(shop, manifest: Self.manifest([]), to: "local/a", tag: "v1")
            let layer = try await Self.push(shop, blob: ByteBuffer(repeating: 2, count: 100), to: "local/a")
            _ = try await Self.push(shop, manifest: Self.manifest([(layer, 100)]), to: "local/a", tag: "v1")
            for _ in 0..<3 {
                _ = try await Self.collect(shop)
                shop.pass(seconds: Self.grace)
            }
            #expect(try await shop.store.blobInfo(blob) != nil)
            let served = try await shop.registry.manifest(try shop.repository("local/a"), .digest(first))
            #expect(served.content.digest == first)
        }
    }

    @Test func whereAManifestCannotBeReadNoLinkIsRemoved() async throws {
        try await Workshop.open { shop in
            let name = try #require(RepositoryName("local/a"))
            let blob = try await Self.push(shop, blob: ByteBuffer(repeating: 1, count: 100), to: "local/a")
            let digest = try await Self.push(shop, manifest: Self.manifest([(blob, 100)]), to: "local/a", tag: "v1")
            // Damaged by a disk.
            try await shop.objects.write(RegistryLayout.blob(digest), ByteBuffer(string: "{"), .cached)
            for _ in 0..<3 {
                #expect(try await Self.collect(shop)["unreadable"] == 1)
                shop.pass(seconds: Self.grace)
            }
            #expect(try await shop.store.isGranted(blob, in: name))
            #expect(try await shop.store.blobInfo(blob) != nil)
        }
    }

    @Test func aCrashBetweenDecisionAndRemovalIsTakenBackAndJudgedAnew() async throws {
        try await Workshop.open { shop in
            let content = ByteBuffer(repeating: 1, count: 100)
            let digest = Digest(hashing: content)
            try await shop.objects.write(RegistryLayout.blob(digest), content, .cached)
            let sweep = Collectable.content(digest).sweeping(CollectionRound())
            try await shop.objects.write(sweep, ByteBuffer(string: "1"), .cached)
            #expect(try await Self.collect(shop)["condemned"] == 1)
            #expect(!shop.objects.keys.contains(sweep.path))
            shop.pass(seconds: Self.grace)
            _ = try await Self.collect(shop)
            #expect(Self.contents(shop) == [])
            #expect(Self.marks(shop) == [])
        }
    }

    /// As another replica leaves it that died, or is still at it.
    @Test func aPushWaitsForWhatIsBeingRemovedAndThenSaysThatItIsGone() async throws {
        try await Workshop.open { shop in
            let name = try #require(RepositoryName("local/a"))
            let blob = try await Self.push(shop, blob: ByteBuffer(repeating: 1, count: 100), to: "local/a")
            let sweep = Collectable.grant(blob, in: name).sweeping(CollectionRound())
            try await shop.objects.write(sweep, ByteBuffer(string: "1"), .cached)
            let manifest = Self.manifest([(blob, 100)])
            let stuck = await #expect(throws: RegistryError.self) {
                try await Self.push(shop, manifest: manifest, to: "local/a", tag: "v1")
            }
            #expect(stuck?.status == 503 && stuck?.retryAfter == 1)
            async let push = Self.push(shop, manifest: manifest, to: "local/a", tag: "v1")
            try await shop.objects.delete(RegistryLayout.layerLink(blob, in: name))
            try await shop.objects.delete(sweep)
            let gone: RegistryError?
            do { (_, gone) = (try await push, nil) } catch let error as RegistryError { gone = error }
            #expect(gone?.code == .manifestBlobUnknown)
        }
    }

    /// A collector on another replica, which no lock of this process holds back, removes a link between the look at it and
    /// the manifest that needs it.
    @Test(arguments: [false, true])
    func aLinkThatGoesWhileItsManifestIsPushedIsMadeAnewOrThePushFails(bytesGoToo: Bool) async throws {
        try await Workshop.open { shop in
            let name = try #require(RepositoryName("local/a"))
            let before = try await Self.push(shop, manifest: Self.manifest([]), to: "local/a", tag: "v1")
            let blob = try await Self.push(shop, blob: ByteBuffer(repeating: 1, count: 100), to: "local/a")
            let objects = shop.objects
            shop.objects.beforeWriting { key async throws(StorageError) in
                guard key.path.contains("_manifests/revisions") else { return }
                try await objects.delete(RegistryLayout.layerLink(blob, in: name))
                if bytesGoToo { try await objects.delete(RegistryLayout.blob(blob)) }
            }
            let manifest = Self.manifest([(blob, 100)])
            let parsed = OCI.Tag("v1")
            let tag = try #require(parsed)
            if bytesGoToo {
                let error = await #expect(throws: RegistryError.self) {
                    try await Self.push(shop, manifest: manifest, to: "local/a", tag: "v1")
                }
                #expect(error?.status == 503)
                // No manifest without its blob, and the tag is where it was.
                #expect(try await !shop.store.hasManifest(Digest(hashing: manifest), in: name))
                #expect(try await shop.store.tag(tag, in: name)?.digest == before)
            } else {
                let digest = try await Self.push(shop, manifest: manifest, to: "local/a", tag: "v1")
                #expect(try await shop.store.isGranted(blob, in: name))
                #expect(try await shop.store.tag(tag, in: name)?.digest == digest)
            }
        }
    }

    @Test func aMarkThatAnotherCollectorMadeAnewRemovesNothing() async throws {
        try await Workshop.open { shop in
            let blob = try await Self.push(shop, blob: ByteBuffer(repeating: 1, count: 100), to: "local/a")
            let target = Collectable.content(blob)
            let (mine, other) = (CollectionRound(), CollectionRound())
            try await shop.store.condemn(target, at: 1, by: mine)
            var marks: [Condemnation] = []
            try await shop.store.condemnedContents { _, mark in marks.append(mark) }
            try await shop.store.rescue(target)
            try await shop.store.condemn(target, at: 1, by: other)
            let seen = try #require(marks.first)
            #expect(try await shop.store.removeCondemned(target, seen, by: mine) == nil)
            #expect(try await shop.store.blobInfo(blob) != nil)
            #expect(Self.marks(shop) == [])
        }
    }

    @Test func aManifestWithMorePartsThanAreLookedAtKeepsAllLinksOfItsRepository() async throws {
        try await Workshop.open { shop in
            let name = try #require(RepositoryName("sparse/a"))
            let last = try await Self.push(shop, blob: ByteBuffer(repeating: 1, count: 100), to: "sparse/a")
            let many = (0..<20_001).map { (Digest(hashing: ByteBuffer(string: "\($0)")), 1) }
            // As another registry stored it: its pushes have other bounds.
            let bytes = Self.manifest(many + [(last, 100)])
            let digest = Digest(hashing: bytes)
            try await shop.objects.write(RegistryLayout.blob(digest), bytes, .cached)
            try await shop.objects.write(
                RegistryLayout.revisionLink(digest, in: name), ByteBuffer(string: "\(digest)"), .cached)
            for _ in 0..<3 {
                _ = try await Self.collect(shop)
                shop.pass(seconds: Self.grace)
            }
            #expect(try await shop.store.isGranted(last, in: name))
        }
    }

    /// On files, whose folders tell when they were changed.
    @Test func whatIsNotReadAgainIsStillJudgedByWhatChanged() async throws {
        try await Workshop.open { shop in
            let folder = try TemporaryDirectory()
            let files = FileStore(root: folder.path, pool: .shared)
            let store = RegistryStore(objects: files)
            let name = try #require(RepositoryName("local/a"))
            let memory = CollectionMemory()
            func collect() async throws -> [String: Int64] {
                var collection = Collection(
                    store: store, registry: shop.registry,
                    settings: .test(shop.namespaces, grace: 0), memory: memory,
                    logger: Logger(label: "test"), now: 1000)
                try await collection.run()
                return collection.counts
            }
            func write(_ key: ObjectKey, _ bytes: ByteBuffer) async throws {
                try await files.write(key, bytes, .cached)
            }
            func rest() throws {
                for path in folder.files() {
                    var url = URL(filePath: folder.file(path)).deletingLastPathComponent()
                    while url.path.count > folder.path.count {
                        try FileManager.default.setAttributes(
                            [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: url.path)
                        url = url.deletingLastPathComponent()
                    }
                }
            }
            let blobs = (1...3).map { ByteBuffer(repeating: UInt8($0), count: 100) }
            for blob in blobs {
                let digest = Digest(hashing: blob)
                try await write(RegistryLayout.blob(digest), blob)
                try await write(RegistryLayout.layerLink(digest, in: name), ByteBuffer(string: "\(digest)"))
            }
            let manifest = Self.manifest(blobs.map { (Digest(hashing: $0), 100) })
            let digest = Digest(hashing: manifest)
            try await write(RegistryLayout.blob(digest), manifest)
            try await write(RegistryLayout.revisionLink(digest, in: name), ByteBuffer(string: "\(digest)"))
            try rest()
            let first = try await collect()
            let second = try await collect()
            #expect(first == second)
            #expect(second["contents"] == 4 && second["manifests"] == 1 && second["condemned"] == 0)

            // A blob more, to which nothing refers, and then the manifest is gone.
            let more = ByteBuffer(repeating: 9, count: 100)
            try await write(RegistryLayout.blob(Digest(hashing: more)), more)
            #expect(try await collect()["condemned"] == 1)
            try await files.delete(RegistryLayout.revisionFolder(digest, in: name))
            // Its three links, what they lead to, and its own bytes.
            let last = try await collect()
            #expect(last["condemned"] == 7 && last["removedContents"] == 1)
        }
    }

    /// On files: the folder of a link that was deleted has stayed, and a link that is made in it does not show in its parent.
    @Test(arguments: ["local/a", "mirror/a", "nobodys/a"])
    func aLinkThatIsMadeInAnEmptyFolderIsSeen(name: String) async throws {
        try await Workshop.open { shop in
            let folder = try TemporaryDirectory()
            let files = FileStore(root: folder.path, pool: .shared)
            let store = RegistryStore(objects: files)
            let name = try #require(RepositoryName(name))
            let memory = CollectionMemory()
            let content = ByteBuffer(repeating: 1, count: 100)
            let digest = Digest(hashing: content)
            let manifest = Self.manifest([(digest, 100)])
            let link = RegistryLayout.layerLink(digest, in: name)
            for (key, bytes) in [
                (RegistryLayout.blob(digest), content), (RegistryLayout.blob(Digest(hashing: manifest)), manifest),
                (
                    RegistryLayout.revisionLink(Digest(hashing: manifest), in: name),
                    ByteBuffer(string: "\(Digest(hashing: manifest))")
                ),
                (link, ByteBuffer(string: "\(digest)")),
            ] { try await files.write(key, bytes, .cached) }
            // Under this rule it stays: the folder goes at the end of the round, where there are pushes.
            try FileManager.default.removeItem(atPath: folder.file(link.path))
            for kind in ["_layers", "_manifests/revisions"] {
                let path = folder.file("docker/registry/v2/repositories/\(name)/\(kind)/sha256")
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: path)
            }
            func collect(_ now: Int64) async throws {
                var collection = Collection(
                    store: store, registry: shop.registry, settings: .test(shop.namespaces, grace: 10), memory: memory,
                    logger: Logger(label: "test"), now: now)
                try await collection.run()
            }
            try await collect(1000)
            try await files.write(link, ByteBuffer(string: "\(digest)"), .cached)
            for round in 1...3 { try await collect(1000 + Int64(round) * 10) }
            #expect(try await store.blobInfo(digest) != nil)
            #expect(try await store.isGranted(digest, in: name))
        }
    }

    /// As docker-registry keeps it: the bytes under the digest of SHA-256, and a link of each.
    @Test func whatDistributionKeepsUnderAnotherDigestStays() async throws {
        try await Workshop.open { shop in
            let name = try #require(RepositoryName("sparse/a"))
            let content = ByteBuffer(repeating: 1, count: 100)
            let (digest, alias) = (Digest(hashing: content), Digest(hashing: content, with: .sha512))
            try await shop.objects.write(RegistryLayout.blob(digest), content, .cached)
            for link in [digest, alias] {
                let key = RegistryLayout.layerLink(link, in: name)
                try await shop.objects.write(key, ByteBuffer(string: "\(digest)"), .cached)
            }
            _ = try await Self.push(shop, manifest: Self.manifest([(alias, 100)]), to: "sparse/a", tag: "v1")
            for _ in 0..<3 {
                _ = try await Self.collect(shop)
                shop.pass(seconds: Self.grace)
            }
            #expect(try await shop.store.isGranted(digest, in: name))
            #expect(try await shop.store.blobInfo(digest) != nil)
        }
    }

    @Test func remainsOfUploadsGoAndUploadsThatGoOnStay() async throws {
        try await Workshop.open { shop in
            let repository = try shop.repository("local/a")
            let kept = try await shop.registry.startUpload(repository)
            let broken = UploadID()
            let data = RegistryLayout.upload(broken, in: repository.name).child("data")
            try await shop.objects.write(try #require(data), ByteBuffer(string: "x"), .cached)
            shop.pass(seconds: Self.grace + 1)
            #expect(try await Self.collect(shop)["removedUploads"] == 1)
            #expect(try await shop.registry.uploadStatus(repository, kept.id).size == 0)
        }
    }

    /// With no grace at all, so that pushes and rounds meet as often as they can.
    @Test func nothingAcknowledgedIsLostUnderLoadAndNothingElseIsLeft() async throws {
        try await Workshop.open { shop in
            let isDone = NIOLockedValueBox(false)
            let refused = NIOLockedValueBox(0)
            let rounds = NIOLockedValueBox(0)
            try await withThrowingTaskGroup { group in
                for client in 0..<4 {
                    group.addTask {
                        var random = SystemRandomNumberGenerator()
                        let name = "local/r\(client % 2)"
                        let repository = try shop.repository(name)
                        for round in 0..<60 {
                            do {
                                // Few blobs, so that they are shared, and found to be there.
                                var blobs: [(Digest, Int)] = []
                                for seed in (0..<3).map({ _ in UInt8.random(in: 0..<6, using: &random) }) {
                                    let content = ByteBuffer(repeating: seed, count: 100 + Int(seed))
                                    let digest = Digest(hashing: content)
                                    let other = try shop.repository("local/r\((client + 1) % 2)")
                                    if (try? await shop.registry.blobHead(repository, digest)) == nil,
                                        try await !shop.registry.mountBlob(
                                            repository, digest, from: other, among: shop.namespaces)
                                    {
                                        _ = try await Self.push(shop, blob: content, to: name)
                                    }
                                    blobs.append((digest, content.readableBytes))
                                }
                                let manifest = try await Self.push(
                                    shop, manifest: Self.manifest(blobs), to: name, tag: "c\(client)-\(round)")
                                try await Self.check(shop, repository, manifest, blobs)
                                if Bool.random(using: &random) {
                                    _ = try? await shop.registry.deleteManifest(
                                        repository, .tag(try #require(OCI.Tag("c\(client)-\(round)"))))
                                }
                            } catch let error as RegistryError where error.code == .manifestBlobUnknown {
                                refused.withLockedValue { $0 += 1 }
                            }
                        }
                    }
                }
                group.addTask {
                    while !isDone.withLockedValue({ $0 }) {
                        _ = try await Self.collect(shop, grace: 0)
                        rounds.withLockedValue { $0 += 1 }
                    }
                }
                for _ in 0..<4 { try await group.next() }
                isDone.withLockedValue { $0 = true }
                try await group.waitForAll()
            }
            #expect(rounds.withLockedValue { $0 } > 3)
            for name in ["local/r0", "local/r1"] {
                let repository = try shop.repository(name)
                for (digest, _) in try await shop.store.manifests(of: repository.name) {
                    let manifest = try await shop.registry.manifest(repository, .digest(digest)).content
                    let content = try Manifest(manifest.bytes.readableBytesView)
                    try await Self.check(
                        shop, repository, digest, content.blobs.map { ($0.digest, Int($0.size)) })
                    try await shop.registry.deleteManifest(repository, .digest(digest))
                }
            }
            for _ in 0..<2 { _ = try await Self.collect(shop, grace: 0) }
            #expect(Self.contents(shop) == [])
            #expect(Self.marks(shop) == [])
        }
    }

    private static func check(
        _ shop: Workshop, _ repository: Repository, _ manifest: Digest, _ blobs: [(Digest, Int)]
    ) async throws {
        // Straight from the store: memory must not hide a loss.
        let isHeld = try await shop.store.manifest(manifest, in: repository.name) != nil
        #expect(isHeld)
        for (blob, size) in blobs {
            let isGranted = try await shop.store.isGranted(blob, in: repository.name)
            let held = try await shop.store.blobInfo(blob)?.size
            #expect(isGranted && held == Int64(size))
        }
    }
}
