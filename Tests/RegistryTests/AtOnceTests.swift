import Hashing
import NIOCore
import OCI
import Storage
import TestSupport
import Testing
import Upstream

@testable import Registry

private typealias RepositoryTag = OCI.Tag

/// What is served again without waiting for anything, and when it must not be.
@Suite(.timeLimit(.minutes(1))) struct AtOnceTests {
    private let image = Image()
    private let newer = Image(9)

    private func reference(_ text: String = "v1") throws -> Reference { .tag(try #require(RepositoryTag(text))) }

    private func atOnce(
        _ shop: Workshop, _ name: String = "mirror/x", _ reference: Reference? = nil
    ) throws -> Served<StoredManifest>? {
        shop.registry.manifestAtOnce(try shop.repository(name), try reference ?? self.reference())
    }

    private func pull(_ shop: Workshop, _ name: String = "mirror/x") async throws -> Digest {
        // Twice: what was just fetched is not read from the store yet.
        for _ in 0..<2 { _ = try await shop.registry.manifest(try shop.repository(name), try reference()) }
        return try await shop.registry.manifest(try shop.repository(name), try reference()).content.digest
    }

    @Test func whatWasServedAMomentAgoIs() async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            let found1 = try atOnce(shop)
            #expect(found1 == nil)
            let digest = try await pull(shop)
            shop.pass(seconds: 20)
            let again = try atOnce(shop)
            let served = try #require(again)
            #expect(served.content.digest == digest)
            #expect(served.age == 20)
            #expect(served.status == .hit)
            let found2 = try atOnce(shop, "mirror/x", .digest(digest))
            #expect(found2?.content.digest == digest)
            let pulled = try await shop.registry.lastPulled(try reference(), in: try shop.repository("mirror/x").name)
            #expect(pulled == shop.time)
        }
    }

    @Test func aTagThatIsNotFreshAnyMoreIsNot() async throws {
        try await Workshop.open(freshness: Freshness.test(tagTTL: 60, staleWhileRevalidate: 30)) { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop)
            shop.pass(seconds: 59)
            let found3 = try atOnce(shop)
            #expect(found3 != nil)
            shop.pass(seconds: 1)
            let found4 = try atOnce(shop)
            #expect(found4 == nil)
        }
    }

    @Test func aTagThatAnotherServerMovedOrRemovedIsNot() async throws {
        try await Workshop.open { shop in
            func push(_ image: Image, by registry: Registry) async throws -> Digest {
                let repository = try shop.repository("sparse/x")
                let manifest = IncomingManifest(
                    bytes: ByteBuffer(string: image.manifest), mediaType: nil, reference: try reference())
                _ = try await registry.putManifest(repository, manifest)
                return Digest(hashing: ByteBuffer(string: image.manifest))
            }
            let old = try await push(image, by: shop.registry)
            let pulledOld = try await pull(shop, "sparse/x")
            #expect(pulledOld == old)
            let found5 = try atOnce(shop, "sparse/x")
            #expect(found5?.content.digest == old)
            let new = try await push(newer, by: shop.secondRegistry)
            let found6 = try atOnce(shop, "sparse/x")
            #expect(found6 == nil)
            let pulledNew = try await pull(shop, "sparse/x")
            #expect(pulledNew == new)
            let found7 = try atOnce(shop, "sparse/x")
            #expect(found7?.content.digest == new)
            try await shop.store.removeTag(try #require(RepositoryTag("v1")), in: shop.repository("sparse/x").name)
            let found8 = try atOnce(shop, "sparse/x")
            #expect(found8 == nil)
        }
    }

    /// A tag of a mirror is not asked of a bucket for every pull; one that is pushed here is.
    @Test(arguments: [true, false]) func aFreshTagOfAMirrorCostsABucketNothing(isHead: Bool) async throws {
        try await Workshop.open(freshness: Freshness.test(tagTTL: 60)) { shop in
            shop.objects.move {}
            image.hold(on: shop.upstream)
            let digest = try await pull(shop)
            shop.pass(seconds: 59)
            // Whoever asks for anything now gets an error.
            shop.objects.fail(.io)
            let repository = try shop.repository("mirror/x")
            let served = try await shop.registry.manifest(repository, try reference(), isHead: isHead)
            #expect(served.content.digest == digest && served.status == .hit && served.age == 59)
            shop.pass(seconds: 1)
            await #expect(throws: RegistryError.self) {
                try await shop.registry.manifest(repository, try reference(), isHead: isHead)
            }
            shop.objects.fail(nil)
            // What this server itself is told to forget it asks for.
            _ = try await pull(shop)
            newer.hold(on: shop.upstream)
            let old = try await shop.registry.manifest(repository, try reference(), isHead: isHead)
            #expect(old.content.digest == digest)
            _ = try await shop.registry.purge(repository, try reference())
            let new = try await shop.registry.manifest(repository, try reference(), isHead: isHead)
            #expect(new.content.digest == Digest(hashing: ByteBuffer(string: newer.manifest)))
        }
        try await Workshop.open { shop in
            shop.objects.move {}
            let repository = try shop.repository("sparse/x")
            for (image, registry) in [(image, shop.registry), (newer, shop.secondRegistry)] {
                let manifest = IncomingManifest(
                    bytes: ByteBuffer(string: image.manifest), mediaType: nil, reference: try reference())
                let pushed = try await registry.putManifest(repository, manifest)
                for _ in 0..<2 {
                    let served = try await shop.registry.manifest(repository, try reference(), isHead: isHead)
                    #expect(served.content.digest == pushed.digest)
                }
            }
        }
    }

    @Test func nothingOfARepositoryThatHasItsOwnPushesAndAnUpstreamIs() async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop, "overlay/x")
            let found9 = try atOnce(shop, "overlay/x")
            #expect(found9 == nil)
        }
    }

    @Test func aManifestWhoseUpstreamsMayBeGoneIsLookedAtMoreClosely() async throws {
        try await Workshop.open(isOffline: true) { shop in
            image.hold(on: shop.upstream)
            let found10 = try atOnce(shop)
            #expect(found10 == nil)
        }
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop)
            let found11 = try atOnce(shop)
            #expect(found11 != nil)
            shop.health.failed(shop.upstream.name, UpstreamError(.refused, "gone"))
            let found12 = try atOnce(shop)
            #expect(found12 == nil)
        }
    }

    @Test(arguments: [300, 100_000])
    func aBlobIsOnceARepositoryHasServedIt(size: Int) async throws {
        try await Workshop.open { shop in
            let bytes = ByteBuffer(repeating: 7, count: size)
            let digest = shop.upstream.hold(bytes)
            func atOnce(_ name: String, _ range: ByteRange? = nil) throws -> BlobAnswer? {
                shop.registry.blobAtOnce(try shop.repository(name), digest, range: range)?.content
            }
            let found13 = try atOnce("mirror/x")
            #expect(found13 == nil)
            for _ in 0..<2 {
                let answer = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil)
                _ = try await answer.content.bytes()
            }
            // Only files stay open; the store of these tests has none.
            let whole = try atOnce("mirror/x")
            guard size < 32 << 10 else { return #expect(whole?.size == nil) }
            let range = try #require(ByteRange(header: "bytes=5-9"))
            let ranged = try atOnce("mirror/x", range)
            let part = try #require(ranged)
            #expect(part.range == 5..<10)
            // Sharing bytes never shares access.
            let found14 = try atOnce("other/x")
            #expect(found14 == nil)
        }
    }
}
