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

private typealias RepositoryTag = OCI.Tag

/// One thing that is odd does not keep the rest from being done.
@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    private static let grace: Int64 = 100
    private static let repositories = "docker/registry/v2/repositories/"

    private static func collect(_ shop: Workshop) async throws -> [String: Int64] {
        var collection = Collection(
            store: shop.registry.janitorStore, registry: shop.registry,
            settings: JanitorSettings.test(shop.namespaces, grace: grace),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: shop.time)
        try await collection.run()
        #expect((collection.faults.summary == nil) == (collection.counts["failures"] == 0))
        return collection.counts
    }

    private static func evict(_ shop: Workshop) async throws -> Eviction.Result {
        try await Eviction(
            store: shop.registry.janitorStore, registry: shop.registry,
            settings: JanitorSettings.test(shop.namespaces, cache: .test(maxAge: 10), grace: grace),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: shop.time, free: nil, needed: nil,
            pacer: .hurried
        ).run()
    }

    private static func scrub(_ shop: Workshop, isDry: Bool = false) async throws -> [ScrubFinding.Kind] {
        var scrub = Scrub(
            store: shop.registry.janitorStore, settings: JanitorSettings.test(shop.namespaces),
            repairer: isDry ? nil : shop.registry, rate: nil, now: shop.time)
        try await scrub.run()
        return scrub.findings.map(\.kind)
    }

    private static func push(_ shop: Workshop, _ seed: UInt8, to name: String) async throws -> Digest {
        let blob = ByteBuffer(repeating: seed, count: 100)
        let rest = NIOLockedValueBox<ByteBuffer?>(blob)
        try await shop.registry.putBlob(try shop.repository(name), Digest(hashing: blob), length: 100) {
            rest.withLockedValue { rest in
                defer { rest = nil }
                return rest
            }
        }
        return Digest(hashing: blob)
    }

    private static func pull(_ shop: Workshop, _ seed: UInt8, tag: String) async throws -> (
        manifest: Digest, layer: Digest
    ) {
        let layer = shop.upstream.hold(ByteBuffer(repeating: seed, count: 100))
        let text =
            #"{"schemaVersion":2,"layers":[{"mediaType":"application/octet-stream","digest":"\#(layer)","size":100}]}"#
        let manifest = shop.upstream.hold(text, tag: tag)
        let repository = try shop.repository("mirror/x")
        _ = try await shop.registry.manifest(repository, .tag(try #require(RepositoryTag(tag))))
        _ = try await shop.registry.blob(repository, layer, range: nil).content.collected()
        return (manifest, layer)
    }

    @Test func onAFullDiskWhatIsRipeGoesThoughNoMarkCanBeWritten() async throws {
        try await Workshop.open { shop in
            let ripe = try await Self.push(shop, 1, to: "local/z")
            _ = try await Self.collect(shop)
            shop.pass(seconds: Self.grace)
            _ = try await Self.push(shop, 2, to: "local/a")
            shop.objects.failWrites(.noSpace, moves: false)
            let counts = try await Self.collect(shop)
            #expect(counts["removedLinks"] == 1 && counts["removedContents"] == 1)
            #expect(counts["failures"] == 2 && counts["condemned"] == 0)
            #expect(try await shop.store.blobInfo(ripe) == nil)
            shop.objects.failWrites(nil)
            #expect(try await Self.collect(shop)["condemned"] == 2)
        }
    }

    /// It may need anything: no bytes go, but links of others that nobody needs do.
    @Test func collectionPassesOverARepositoryThatCannotBeReadAndKeepsAllBytes() async throws {
        try await Workshop.open { shop in
            let needed = try await Self.push(shop, 1, to: "local/a")
            let loose = try await Self.push(shop, 2, to: "local/b")
            shop.objects.failBelow(Self.repositories + "local/a/_layers", .permissionDenied)
            for _ in 0..<3 {
                #expect(try await Self.collect(shop)["failures"] == 1)
                shop.pass(seconds: Self.grace)
            }
            let name = try shop.repository("local/b").name
            #expect(try await !shop.store.isGranted(loose, in: name))
            for digest in [needed, loose] { #expect(try await shop.store.blobInfo(digest) != nil) }
            shop.objects.failBelow(nil, .io)
            for _ in 0..<2 {
                _ = try await Self.collect(shop)
                shop.pass(seconds: Self.grace)
            }
            #expect(try await shop.store.blobInfo(loose) == nil)
        }
    }

    @Test func evictionTakesLinksOfMirrorsAndNoBytesWhereALocalRepositoryCannotBeRead() async throws {
        try await Workshop.open { shop in
            let image = try await Self.pull(shop, 1, tag: "v1")
            _ = try await Self.push(shop, 1, to: "local/a")
            shop.pass(seconds: 1000)
            shop.objects.failBelow(Self.repositories + "local/a/_layers", .permissionDenied)
            let result = try await Self.evict(shop)
            #expect(result.counts["evictedManifests"] == 1 && result.counts["evictedContents"] == 0)
            #expect(result.failure != nil && result.counts["failures"] == 1)
            #expect(try await shop.store.blobInfo(image.layer) != nil)
        }
    }

    @Test func evictionPassesOverWhatItCannotTakeAndAMirrorThatCannotBeRead() async throws {
        try await Workshop.open { shop in
            let stuck = try await Self.pull(shop, 1, tag: "v1")
            let other = try await Self.pull(shop, 2, tag: "v2")
            shop.pass(seconds: 1000)
            shop.objects.failBelow(RegistryLayout.blob(stuck.layer).path, .permissionDenied)
            // What cannot be looked at: nothing of its repository goes.
            #expect(try await Self.evict(shop).counts["evictedManifests"] == 0)
            let name = try shop.repository("mirror/x").name
            shop.objects.failBelow(RegistryLayout.kept(stuck.manifest, in: name).path, .io)
            let counts = try await Self.evict(shop).counts
            #expect(counts["evictedManifests"] == 1 && counts["failures"] == 1)
            #expect(try await shop.store.blobInfo(other.layer) == nil)
            #expect(try await shop.store.blobInfo(stuck.layer) != nil)
        }
    }

    /// As a disk leaves it that was repaired.
    @Test func aManifestThatHasBecomeHugeEndsNeitherEvictionNorScrub() async throws {
        try await Workshop.open { shop in
            let huge = try await Self.pull(shop, 1, tag: "v1")
            let other = try await Self.pull(shop, 2, tag: "v2")
            let bytes = ByteBuffer(repeating: 0, count: 17 << 20)
            try await shop.objects.write(RegistryLayout.blob(huge.manifest), bytes, .cached)
            #expect(try await Self.scrub(shop, isDry: true) == [.missingManifest, .damagedContent])
            shop.pass(seconds: 1000)
            let result = try await Self.evict(shop)
            #expect(result.failure == nil && result.counts["evictedManifests"] == 2)
            #expect(try await shop.store.blobInfo(other.layer) == nil)
        }
    }

    @Test func scrubTellsOfWhatItCannotReadAndLooksAtTheRest() async throws {
        try await Workshop.open { shop in
            let wrong = try await Self.push(shop, 1, to: "local/a")
            _ = try await Self.push(shop, 2, to: "local/b")
            try await shop.objects.write(RegistryLayout.blob(wrong), ByteBuffer(string: "other"), .cached)
            shop.objects.failBelow(Self.repositories + "local/a/_layers", .permissionDenied)
            #expect(try await Self.scrub(shop) == [.unreadableContent, .damagedContent])
            // Nobody could tell whether it had been pushed.
            #expect(shop.objects.keys.contains(".entrepot/quarantine/sha256-\(wrong.hex)"))
        }
    }

    @Test func aRoundThatPassedOverSomethingTellsThatItFailedAndWhatItDid() async throws {
        try await Workshop.open { shop in
            let janitor = Janitor(
                store: shop.registry.janitorStore, registry: shop.registry,
                settings: .test(shop.namespaces, grace: 0), freeBytes: { nil },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { shop.time })
            _ = try await Self.push(shop, 1, to: "local/a")
            _ = try await Self.push(shop, 2, to: "local/b")
            shop.objects.failBelow(Self.repositories + "local/a/_layers", .io)
            await withTaskGroup { group in
                group.addTask { try? await janitor.run() }
                let report = await janitor.run(.collection)
                #expect(report?.outcome == .failed && report?.error?.contains("local/a") == true)
                #expect(report?.counts["condemned"] == 1)
                group.cancelAll()
            }
        }
    }

    /// A command works on a store that no server has open, and one may start at any moment.
    @Test func besideOthersThatNobodyKnowsBytesAreCondemnedAndThenCollected() async throws {
        try await Workshop.open { shop in
            let image = try await Self.pull(shop, 1, tag: "v1")
            shop.pass(seconds: 1000)
            let janitor = Janitor(
                store: shop.registry.janitorStore, registry: shop.registry,
                settings: .test(shop.namespaces, cache: .test(maxAge: 10), grace: Self.grace), freeBytes: { nil },
                hasNeighbours: { true }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { shop.time })
            let sweep = Collectable.content(image.layer).sweeping(CollectionRound())
            try await shop.objects.write(sweep, ByteBuffer(string: "1"), .cached)
            await withTaskGroup { group in
                group.addTask { try? await janitor.run() }
                let report = await janitor.run(.eviction)
                #expect(report?.counts["evictedContents"] == 0)
                #expect(report?.counts["removedContents"] == 2)
                group.cancelAll()
            }
            #expect(try await shop.store.blobInfo(image.layer) == nil)
            // It may be a living collector's.
            #expect(shop.objects.keys.contains(sweep.path))
        }
    }

    // MARK: Damaged bytes

    @Test(arguments: [true, false]) func whatIsPushedWhileDamagedBytesAreReadStays(isFile: Bool) async throws {
        let folder = try TemporaryDirectory()
        let objects: any ObjectStore =
            isFile ? FileStore(root: folder.path, pool: .shared) : MemoryStore()
        let store = RegistryStore(objects: objects)
        let right = ByteBuffer(string: "what was pushed")
        let digest = Digest(hashing: right)
        let key = RegistryLayout.blob(digest)
        for isRemoved in [true, false] {
            try await objects.write(key, ByteBuffer(string: "what was pushex"), .cached)
            let damage = try #require(try await store.damage(of: digest, progress: { _ in }))
            try await objects.write(key, right, .cached)
            let hasGone = try await isRemoved ? store.remove(damage) : store.quarantine(damage)
            #expect(!hasGone)
            let isWhole = try await store.isWhole(digest, progress: { _ in })
            #expect(isWhole == true)
        }
        try await objects.write(key, ByteBuffer(string: "what was pushex"), .cached)
        let damage = try #require(try await store.damage(of: digest, progress: { _ in }))
        let hasGone = try await store.quarantine(damage)
        #expect(hasGone)
        let left = try await store.blobInfo(digest)
        #expect(left == nil)
    }

    @Test func aLinkThatLeadsBackToItselfIsNothing() async throws {
        let folder = try TemporaryDirectory()
        let objects = FileStore(root: folder.path, pool: .shared)
        let key = RegistryLayout.blob(Digest(hashing: ByteBuffer(string: "x")))
        try await objects.write(key, ByteBuffer(string: "x"), .cached)
        try await objects.delete(key)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file(key.path), withDestinationPath: "data")
        let (info, content) = (try await objects.info(key), try await objects.content(key))
        #expect(info == nil && content == nil)
        let names = try await objects.list(key, after: nil, limit: 10)
        #expect(names == [])
        try await objects.delete(key)
        #expect(!FileManager.default.fileExists(atPath: folder.file(key.path)))
    }
}
