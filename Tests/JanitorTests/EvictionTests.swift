import Hashing
import Logging
import NIOCore
import NIOConcurrencyHelpers
import OCI
import Storage
import TestSupport
import Testing

@testable import Janitor
@testable import Registry

private typealias RepositoryTag = OCI.Tag

/// Eviction over a store in memory, while the registry serves from it.
@Suite(.timeLimit(.minutes(1))) struct EvictionTests {
    /// An image of one layer of 1000 bytes.
    private struct Image {
        let layer: ByteBuffer
        let manifest: String
        var digest: Digest { Digest(hashing: ByteBuffer(string: manifest)) }
        var layerDigest: Digest { Digest(hashing: layer) }

        init(_ seed: UInt8) {
            layer = ByteBuffer(repeating: seed, count: 1000)
            let digest = Digest(hashing: layer)
            manifest =
                #"{"schemaVersion":2,"layers":[{"mediaType":"application/octet-stream","digest":"\#(digest)","size":1000}]}"#
        }

        func pull(_ shop: Workshop, _ name: String, tag: String) async throws {
            _ = shop.upstream.hold(layer)
            _ = shop.upstream.hold(manifest, tag: tag)
            let repository = try shop.repository(name)
            _ = try await shop.registry.manifest(repository, .tag(try #require(RepositoryTag(tag))))
            _ = try await shop.registry.blob(repository, layerDigest, range: nil).content.collected()
        }

        func push(_ shop: Workshop, _ name: String, tag: String) async throws {
            let repository = try shop.repository(name)
            let bytes = NIOLockedValueBox<ByteBuffer?>(layer)
            try await shop.registry.putBlob(repository, layerDigest, length: 1000) {
                bytes.withLockedValue { rest in
                    defer { rest = nil }
                    return rest
                }
            }
            _ = try await shop.registry.putManifest(
                repository,
                IncomingManifest(
                    bytes: ByteBuffer(string: manifest), mediaType: .imageManifest,
                    reference: .tag(try #require(RepositoryTag(tag)))))
        }

        /// Whether the store has the layer's bytes.
        func isStored(_ shop: Workshop) async throws -> Bool { try await shop.store.blobInfo(layerDigest) != nil }
    }

    private func evict(
        _ shop: Workshop, _ limits: CacheLimits, caches: [RepositoryName: CacheLimits] = [:], free: Int64? = nil,
        needed: Int64? = nil
    ) async throws -> [String: Int64] {
        let eviction = Eviction(
            store: shop.registry.janitorStore, registry: shop.registry,
            settings: JanitorSettings.test(shop.namespaces, cache: limits, caches: caches),
            logger: Logger(label: "test"), now: shop.time, free: free, needed: needed, pacer: .hurried)
        return try await eviction.run().counts
    }

    @Test func whileACommandWritesBesideTheServerBytesAreCondemnedInThePlaceOfRemoved() async throws {
        try await Workshop.open { shop in
            let images = [Image(1), Image(2)]
            let limits = CacheLimits(maxSize: 100, highWatermark: 90, lowWatermark: 80)
            try await images[0].pull(shop, "mirror/x", tag: "v0")
            shop.pass(seconds: 10)
            try await shop.store.noteVisit()
            let beside = try await evict(shop, limits)
            #expect(beside["condemned"] ?? 0 > 0 && beside["evictedContents"] == 0)
            #expect(try await images[0].isStored(shop))
            // A good while after it has ended.
            shop.pass(seconds: 100)
            try await images[1].pull(shop, "mirror/x", tag: "v1")
            shop.pass(seconds: 10)
            #expect(try await evict(shop, limits)["evictedContents"] ?? 0 > 0)
            #expect(try await !images[1].isStored(shop))
        }
    }

    @Test func theLeastRecentlyUsedImageGoesAndIsFetchedAgainWhenAskedFor() async throws {
        try await Workshop.open { shop in
            let images = (1...4).map { Image(UInt8($0)) }
            for (number, image) in images.enumerated() {
                try await image.pull(shop, "mirror/x", tag: "v\(number)")
                shop.pass(seconds: 10)
            }
            // The first is used again, the second is now the oldest.
            try await images[0].pull(shop, "mirror/x", tag: "v0")
            let counts = try await evict(shop, CacheLimits.test(maxSize: 4000, highWatermark: 90, lowWatermark: 80))
            #expect(counts["evictedManifests"] == 2)
            #expect(try await images[0].isStored(shop))
            #expect(try await !images[1].isStored(shop))
            #expect(try await !images[2].isStored(shop))
            #expect(try await images[3].isStored(shop))
            // Nothing is left that names what is gone.
            let rest = shop.objects.keys.filter { $0.contains(images[1].digest.hex) || $0.contains("/v1/") }
            #expect(rest == [])
            try await images[1].pull(shop, "mirror/x", tag: "v1")
            #expect(try await images[1].isStored(shop))
        }
    }

    @Test func whatIsWithinItsLimitsStays() async throws {
        try await Workshop.open { shop in
            try await Image(1).pull(shop, "mirror/x", tag: "v1")
            let counts = try await evict(shop, CacheLimits.test(maxSize: 4000, maxAge: 100, minFree: 10), free: 10)
            #expect(counts["evictedManifests"] == 0)
            #expect(counts["cachedBytes"] ?? 0 > 1000)
        }
    }

    @Test func useIsKnownAfterARestart() async throws {
        try await Workshop.open { shop in
            let (old, used) = (Image(1), Image(2))
            try await used.pull(shop, "mirror/x", tag: "used")
            shop.pass(seconds: 10)
            try await old.pull(shop, "mirror/x", tag: "old")
            shop.pass(seconds: 4000)
            try await used.pull(shop, "mirror/x", tag: "used")
            _ = try await shop.registry.writePullTimes()
            let eviction = Eviction(
                store: shop.store, registry: shop.secondRegistry,
                settings: JanitorSettings.test(shop.namespaces, cache: CacheLimits.test(maxAge: 3000)),
                logger: Logger(label: "test"), now: shop.time, free: nil, needed: nil, pacer: .hurried)
            _ = try await eviction.run()
            #expect(try await used.isStored(shop))
            #expect(try await !old.isStored(shop))
        }
    }

    @Test func pushedContentStaysHoweverOldAndHoweverItsNamespaceIsChanged() async throws {
        try await Workshop.open { shop in
            let (local, overlay, cached) = (Image(1), Image(2), Image(3))
            try await local.push(shop, "local/x", tag: "v1")
            try await overlay.push(shop, "overlay/x", tag: "v1")
            try await cached.pull(shop, "overlay/x", tag: "v2")
            // Pulled too, through a mirror.
            try await local.pull(shop, "mirror/y", tag: "v9")
            shop.pass(seconds: 100_000)
            // The local namespace is a mirror now.
            let namespaces = Namespaces(
                shop.namespaces.all.filter { $0.key.value != "local" } + [
                    .test(
                        key: try #require(RepositoryName("local")), upstreams: shop.upstreams, completesPulls: true)
                ], fallback: nil)
            let eviction = Eviction(
                store: shop.registry.janitorStore, registry: shop.registry,
                settings: JanitorSettings.test(namespaces, cache: CacheLimits.test(maxAge: 10)),
                logger: Logger(label: "test"), now: shop.time, free: nil, needed: 0, pacer: .hurried)
            let counts = try await eviction.run().counts
            #expect(counts["evictedManifests"] == 2)
            #expect(try await local.isStored(shop))
            #expect(try await overlay.isStored(shop))
            #expect(try await !cached.isStored(shop))
            for (image, name) in [(local, "local/x"), (overlay, "overlay/x")] {
                let served = try await shop.registry.manifest(try shop.repository(name), .digest(image.digest))
                #expect(served.content.digest == image.digest)
            }
        }
    }

    @Test func anOfflineMirrorLosesNothing() async throws {
        try await Workshop.open(isOffline: true) { shop in
            let manifest = Image(1)
            let name = try #require(RepositoryName("mirror/x"))
            _ = try await shop.store.put(
                StoredManifest(
                    digest: manifest.digest, mediaType: .imageManifest, bytes: ByteBuffer(string: manifest.manifest)),
                declared: .imageManifest, in: name, .cached)
            shop.pass(seconds: 100)
            #expect(try await evict(shop, CacheLimits.test(maxAge: 10))["evictedManifests"] == 0)
        }
    }

    @Test func roomIsMadeWhereTheDiskHasTooLittle() async throws {
        try await Workshop.open { shop in
            let images = (1...3).map { Image(UInt8($0)) }
            for (number, image) in images.enumerated() {
                try await image.pull(shop, "mirror/x", tag: "v\(number)")
                shop.pass(seconds: 10)
            }
            _ = try await evict(
                shop, CacheLimits.test(minFree: 10_000, highWatermark: 100, lowWatermark: 99), free: 9_000)
            #expect(try await !images[0].isStored(shop))
            #expect(try await images[2].isStored(shop))
        }
    }

    @Test func whoFindsNoRoomIsMadeSomeUnlessAllWouldNotBeEnough() async throws {
        try await Workshop.open { shop in
            let images = (1...3).map { Image(UInt8($0)) }
            for (number, image) in images.enumerated() {
                try await image.pull(shop, "mirror/x", tag: "v\(number)")
                shop.pass(seconds: 10)
            }
            #expect(try await evict(shop, CacheLimits.test(), needed: 4000)["freedBytes"] == 0)
            #expect(try await evict(shop, CacheLimits.test(), needed: 1500)["evictedManifests"] == 2)
            #expect(try await images[2].isStored(shop))
        }
    }

    @Test func whatIsClaimedWhileItIsLookedAtIsNotRemoved() async throws {
        try await Workshop.open { shop in
            let image = Image(1)
            try await image.pull(shop, "mirror/x", tag: "v1")
            let store = shop.registry.janitorStore
            let local = try #require(RepositoryName("local/new"))
            try await store.claims.watching { watch in
                // A push that mounts the blob after the links were read.
                let isMounted = try await store.mount(image.layerDigest, in: local)
                let removed = try await store.removeContent(image.layerDigest, unclaimedSince: watch)
                #expect(isMounted && removed == nil)
            }
            try await store.claims.watching { watch in
                let removed = try await store.removeContent(image.layerDigest, unclaimedSince: watch)
                let isMounted = try await store.mount(image.layerDigest, in: local)
                #expect(removed == 1000 && !isMounted)
            }
        }
    }

    @Test func whatAPushedManifestThatCannotBeReadMayNeedStays() async throws {
        try await Workshop.open { shop in
            let (pushed, cached) = (Image(1), Image(2))
            try await pushed.push(shop, "overlay/x", tag: "v1")
            try await cached.pull(shop, "overlay/x", tag: "v2")
            // Damaged by a disk.
            try await shop.objects.write(RegistryLayout.blob(pushed.digest), ByteBuffer(string: "{"), .cached)
            let contents = shop.objects.keys.filter { $0.hasPrefix("docker/registry/v2/blobs/") }
            shop.pass(seconds: 1_000_000)
            _ = try await evict(shop, .test(maxAge: 10))
            let left = shop.objects.keys.filter { $0.hasPrefix("docker/registry/v2/blobs/") }
            // All but the cached manifest's own bytes.
            #expect(left.count == contents.count - 1)
        }
    }

    @Test func aJobThatIsAskedForIsDoneAndToldOf() async throws {
        try await Workshop.open { shop in
            try await Image(1).pull(shop, "mirror/x", tag: "v1")
            shop.pass(seconds: 100)
            let janitor = Janitor(
                store: shop.registry.janitorStore, registry: shop.registry,
                settings: JanitorSettings.test(shop.namespaces, cache: CacheLimits.test(maxAge: 10)),
                freeBytes: { nil }, logger: Logger(label: "test"), now: { shop.time })
            await withTaskGroup { group in
                group.addTask { try? await janitor.run() }
                let report = await janitor.run(.eviction)
                #expect(report?.outcome == .done)
                #expect(report?.counts["evictedManifests"] == 1)
                #expect(janitor.status.jobs.first?.last?.cause == .command)
                #expect(janitor.status.cachedBytes == 0)
                group.cancelAll()
            }
            // It ends, and says so to who asks then.
            #expect(await janitor.run(.eviction) == nil)
        }
    }
}

extension BlobAnswer {
    /// Reads it to its end.
    func collected() async throws -> Int64 {
        guard case .filling(let reader) = source else { return size ?? 0 }
        var end: Int64 = 0
        while let next = try await reader.end(after: end) { end = next }
        return end
    }
}
