import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport
import Testing

@testable import Janitor
@testable import Registry
@testable import Storage

private typealias RepositoryTag = OCI.Tag

/// The cache of BuildKit (`--cache-to type=registry`): an index whose children are blobs.
@Suite(.timeLimit(.minutes(1))) struct IndexOfBlobsTests {
    private static let grace: Int64 = 100
    private static let layers = (1...3).map { ByteBuffer(repeating: UInt8($0), count: 100 * $0) }
    private static let digests = layers.map { Digest(hashing: $0) }

    private static var index: ByteBuffer {
        let types = ["application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.buildkit.cacheconfig.v0"]
        let children = layers.enumerated().map { number, layer in
            let type = types[number == layers.count - 1 ? 1 : 0]
            return
                #"{"mediaType":"\#(type)","digest":"\#(Digest(hashing: layer))","size":\#(layer.readableBytes)}"#
        }
        return ByteBuffer(string: #"{"schemaVersion":2,"manifests":[\#(children.joined(separator: ","))]}"#)
    }

    private static func pushBlobs(_ shop: Workshop, to name: String, _ layers: [ByteBuffer] = layers) async throws {
        for layer in layers {
            let rest = NIOLockedValueBox<ByteBuffer?>(layer)
            try await shop.registry.putBlob(
                try shop.repository(name), Digest(hashing: layer), length: Int64(layer.readableBytes)
            ) {
                rest.withLockedValue { rest in
                    defer { rest = nil }
                    return rest
                }
            }
        }
    }

    private static func pushIndex(_ shop: Workshop, to name: String) async throws {
        _ = try await shop.registry.putManifest(
            try shop.repository(name),
            IncomingManifest(
                bytes: index, mediaType: .imageIndex, reference: .tag(try #require(RepositoryTag("buildcache")))))
    }

    private static func collect(_ shop: Workshop) async throws {
        var collection = Collection(
            store: shop.registry.janitorStore, registry: shop.registry,
            settings: JanitorSettings.test(shop.namespaces, grace: grace), logger: Logger(label: "test"),
            now: shop.time)
        try await collection.run()
    }

    private static func isWhole(_ shop: Workshop, _ name: String) async throws -> Bool {
        let repository = try shop.repository(name).name
        for digest in digests {
            guard try await shop.store.isGranted(digest, in: repository),
                try await shop.store.blobInfo(digest) != nil
            else { return false }
        }
        return true
    }

    @Test func collectionLeavesItsBlobsAsLongAsItIsThere() async throws {
        try await Workshop.open { shop in
            try await Self.pushBlobs(shop, to: "local/a")
            try await Self.pushIndex(shop, to: "local/a")
            for _ in 0..<3 {
                try await Self.collect(shop)
                shop.pass(seconds: Self.grace)
            }
            #expect(try await Self.isWhole(shop, "local/a"))
            try await shop.registry.deleteManifest(
                try shop.repository("local/a"), .digest(Digest(hashing: Self.index)))
            for _ in 0..<3 {
                try await Self.collect(shop)
                shop.pass(seconds: Self.grace)
            }
            #expect(!shop.objects.keys.contains { $0.contains(Self.digests[0].hex) })
        }
    }

    @Test func itsPushTakesBackWhatWasCondemned() async throws {
        try await Workshop.open { shop in
            try await Self.pushBlobs(shop, to: "local/a")
            try await Self.collect(shop)
            let mark = Collectable.grant(Self.digests[0], in: try shop.repository("local/a").name).condemned.path
            #expect(shop.objects.keys.contains(mark))
            try await Self.pushIndex(shop, to: "local/a")
            #expect(!shop.objects.keys.contains(mark))
        }
    }

    /// Where everything that is named must be there, either kind will do.
    @Test func whereNothingMayBeMissingItIsTakenWithAllOfItsBlobsAndNotWithFewer() async throws {
        try await Workshop.open { shop in
            try await Self.pushBlobs(shop, to: "strict/a", Array(Self.layers.dropLast()))
            let error = await #expect(throws: RegistryError.self) { try await Self.pushIndex(shop, to: "strict/a") }
            #expect(error?.status == 404 || error?.status == 400)
            try await Self.pushBlobs(shop, to: "strict/a")
            try await Self.pushIndex(shop, to: "strict/a")
        }
    }

    @Test func evictionTakesNoneOfItFromAnOverlayThatItWasPushedTo() async throws {
        try await Workshop.open { shop in
            try await Self.pushBlobs(shop, to: "overlay/a")
            try await Self.pushIndex(shop, to: "overlay/a")
            shop.pass(seconds: 1000)
            _ = try await Eviction(
                store: shop.registry.janitorStore, registry: shop.registry,
                settings: JanitorSettings.test(shop.namespaces, cache: .test(maxAge: 10), grace: Self.grace),
                logger: Logger(label: "test"), now: shop.time, free: nil, needed: nil, pacer: .hurried
            ).run()
            #expect(try await Self.isWhole(shop, "overlay/a"))
        }
    }

    @Test func scrubTellsOfABlobThatItLacks() async throws {
        try await Workshop.open { shop in
            try await Self.pushBlobs(shop, to: "local/a")
            try await Self.pushIndex(shop, to: "local/a")
            #expect(try await Self.scrub(shop) == [])
            try await shop.store.removeGrant(Self.digests[2], in: try shop.repository("local/a").name)
            #expect(try await Self.scrub(shop) == [.incompleteManifest])
        }
    }

    private static func scrub(_ shop: Workshop) async throws -> [ScrubFinding.Kind] {
        var scrub = Scrub(
            store: shop.registry.janitorStore, settings: JanitorSettings.test(shop.namespaces), repairer: nil,
            rate: nil, now: shop.time)
        try await scrub.run()
        return scrub.findings.map(\.kind)
    }
}
