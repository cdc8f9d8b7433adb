import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

/// What is pulled once is whole when the upstream goes, and what is not whole is not offered.
@Suite(.timeLimit(.minutes(1))) struct ClosureTests {
    private let image = Image()

    private func pull(_ shop: Workshop, isHead: Bool = false) async throws -> Served<StoredManifest> {
        try await shop.registry.manifest(
            try shop.repository("mirror/x"), .tag(try #require(Tag("v1"))), isHead: isHead)
    }

    private func pull(_ shop: Workshop, _ digest: Digest) async throws -> Served<StoredManifest> {
        try await shop.registry.manifest(try shop.repository("mirror/x"), .digest(digest))
    }

    private func granted(_ shop: Workshop, _ blob: ByteBuffer) async throws -> Bool {
        try await shop.store.isGranted(Digest(hashing: blob), in: try shop.repository("mirror/x").name)
    }

    @Test(arguments: [[], [0], [1], [2]] as [Set<Int>])
    func aStaleManifestIsServedOnlyIfItsBlobsAre(missing: Set<Int>) async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop, without: missing)
            shop.pass(seconds: 61)
            shop.upstream.fail(.refused)
            if missing.isEmpty {
                let served1 = try await pull(shop)
                #expect(served1.warning != nil)
            } else {
                let error = await #expect(throws: RegistryError.self) { try await pull(shop) }
                #expect(error?.status == 502)
                #expect(error?.message.contains("is not held here") == true)
            }
        }
    }

    @Test func foreignLayersAndEmbeddedDataNeedNotBeHeld() async throws {
        let foreign = Image.descriptor(
            ByteBuffer(string: "foreign"), "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
        let embedded =
            #"{"mediaType":"text/plain","digest":"\#(Digest(hashing: ByteBuffer(string: "x")))","size":1,"data":"eA=="}"#
        let empty = Image.descriptor(ByteBuffer(string: "{}"), "application/vnd.oci.empty.v1+json")
        let image = Image(extraLayers: [foreign, embedded, empty])
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop)
            shop.pass(seconds: 61)
            shop.upstream.fail(.refused)
            let served2 = try await pull(shop)
            #expect(served2.warning != nil)
            let held = try await shop.registry.blob(
                try shop.repository("mirror/x"), Digest(hashing: ByteBuffer(string: "{}")), range: nil)
            #expect(try await held.content.bytes() == ByteBuffer(string: "{}"))
        }
    }

    @Test(arguments: [true, false])
    func anIndexOfBlobsIsServedIfAllAreHeld(isWhole: Bool) async throws {
        let blobs = ["layer", "settings"].map { ByteBuffer(string: $0) }
        let parts = blobs.map { Image.descriptor($0, "application/vnd.oci.image.layer.v1.tar+gzip") }
        try await Workshop.open { shop in
            let digests = blobs.map { shop.upstream.hold($0) }
            _ = shop.upstream.hold(
                #"{"schemaVersion":2,"manifests":[\#(parts.joined(separator: ","))]}"#, tag: "v1", as: .imageIndex)
            _ = try await pull(shop)
            for digest in isWhole ? digests : [digests[0]] {
                _ = try await shop.registry.blob(try shop.repository("mirror/x"), digest, range: nil).content.bytes()
            }
            shop.pass(seconds: 61)
            shop.upstream.fail(.timedOut)
            if isWhole {
                let served = try await pull(shop)
                #expect(served.warning != nil)
            } else {
                await #expect(throws: RegistryError.self) { try await pull(shop) }
            }
        }
    }

    @Test(arguments: [true, false])
    func anIndexIsServedIfOneOfItsImagesIsWhole(isWhole: Bool) async throws {
        try await Workshop.open { shop in
            let child = image.hold(on: shop.upstream, tag: "child")
            let other = Digest(hashing: ByteBuffer(string: "another platform"))
            _ = shop.upstream.hold(image.index([other]), tag: "v1", as: .imageIndex)
            _ = try await pull(shop)
            _ = try await pull(shop, child)
            try await image.pullBlobs(shop, without: isWhole ? [] : [2])
            shop.pass(seconds: 61)
            shop.upstream.fail(.timedOut)
            if isWhole {
                let served3 = try await pull(shop)
                #expect(served3.warning != nil)
                let served4 = try await pull(shop, child)
                #expect(served4.status == .hit)
            } else {
                let index = await #expect(throws: RegistryError.self) { try await pull(shop) }
                #expect(index?.status == 504)
                // By digest nobody needs to be asked; but the upstream is known to fail.
                let manifest = await #expect(throws: RegistryError.self) { try await pull(shop, child) }
                #expect(manifest?.status == 504)
            }
        }
    }

    @Test func aHitThatIsNotWholePassesOnceAnUpstreamAnswersAgain() async throws {
        try await Workshop.open { shop in
            let digest = image.hold(on: shop.upstream)
            _ = try await pull(shop)
            shop.upstream.fail(.refused)
            shop.pass(seconds: 61)
            await #expect(throws: RegistryError.self) { try await pull(shop) }
            shop.upstream.fail(nil)
            let served5 = try await pull(shop, digest)
            #expect(served5.status == .hit)
        }
    }

    /// - Parameter left: Bytes of the file that are left; nil for no file.
    @Test(arguments: [nil, 0, 1, 399])
    func aBlobThatWasDamagedIsFetchedAgain(left: Int?) async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop)
            shop.pass(seconds: 61)
            let key = RegistryLayout.blob(Digest(hashing: image.layers[1]))
            if let left {
                try await shop.objects.write(key, ByteBuffer(repeating: 2, count: left), .cached)
            } else {
                try await shop.objects.delete(key)
            }
            shop.upstream.fail(.refused)
            await #expect(throws: RegistryError.self) { try await pull(shop) }
            shop.upstream.fail(nil)
            _ = try await pull(shop)
            shop.pass(seconds: 10)
            let again = try await shop.registry.blob(
                try shop.repository("mirror/x"), Digest(hashing: image.layers[1]), range: nil)
            #expect(again.status.forward == .miss)
            #expect(try await again.content.bytes() == image.layers[1])
            let info = try await shop.store.blobInfo(Digest(hashing: image.layers[1]))
            #expect(info?.size == 400)
        }
    }

    /// Nobody has asked the server that runs now for a manifest.
    @Test(arguments: ["mirror/x", "overlay/x"])
    func aBlobThatLostItsEndIsFetchedAgainAlsoAfterARestart(name: String) async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            let repository = try shop.repository(name)
            _ = try await shop.registry.manifest(repository, .tag(try #require(Tag("v1"))))
            let digest = Digest(hashing: image.layers[1])
            let first = try await shop.registry.blob(repository, digest, range: nil)
            #expect(try await first.content.bytes() == image.layers[1])
            try await shop.objects.write(RegistryLayout.blob(digest), ByteBuffer(repeating: 2, count: 100), .cached)
            let again = try await shop.secondRegistry.blob(repository, digest, range: nil)
            #expect(try await again.content.bytes() == image.layers[1])
        }
    }

    /// What was pushed is to be had from nowhere else, whatever another manifest says of its size.
    @Test func aPushedBlobOfAnOverlayIsServedThoughAManifestOverstatesIt() async throws {
        let blob = ByteBuffer(repeating: 9, count: 50)
        let digest = Digest(hashing: blob)
        let lie = Image(
            extraLayers: [#"{"mediaType":"\#(MediaType.octetStream)","digest":"\#(digest)","size":60}"#])
        try await Workshop.open { shop in
            lie.hold(on: shop.upstream)
            let repository = try shop.repository("overlay/x")
            let pieces = NIOLockedValueBox([blob])
            try await shop.registry.putBlob(repository, digest, length: 50) { () async throws(RegistryError) in
                pieces.withLockedValue { $0.popLast() }
            }
            _ = try await shop.registry.manifest(repository, .tag(try #require(Tag("v1"))))
            for _ in 0..<2 {
                let served = try await shop.registry.blob(repository, digest, range: nil)
                #expect(served.status == .hit)
                #expect(try await served.content.bytes() == blob)
            }
        }
    }

    /// The repository that asks next has no claim to the damaged file, and does not get it.
    @Test func aDamagedBlobIsNotSharedWithAnotherRepository() async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop)
            let digest = Digest(hashing: image.layers[1])
            try await shop.objects.write(
                RegistryLayout.blob(digest), ByteBuffer(repeating: 2, count: 100), .cached)
            let repository = try shop.repository("mirror/y")
            _ = try await shop.registry.manifest(repository, .tag(try #require(Tag("v1"))))
            let again = try await shop.registry.blob(repository, digest, range: nil)
            #expect(try await again.content.bytes() == image.layers[1])
        }
    }

    @Test func aManifestThatOverstatesABlobHasItFetchedOnceMoreAndNotAlways() async throws {
        // Too large to be held in memory.
        let blob = ByteBuffer(repeating: 9, count: 50_000)
        let digest = Digest(hashing: blob)
        let lie = Image(
            extraLayers: [#"{"mediaType":"\#(MediaType.octetStream)","digest":"\#(digest)","size":60000}"#])
        try await Workshop.open { shop in
            lie.hold(on: shop.upstream)
            _ = shop.upstream.hold(blob)
            let repository = try shop.repository("mirror/x")
            let pullOne = {
                let served = try await shop.registry.blob(repository, digest, range: nil)
                #expect(try await served.content.bytes() == blob)
                return served.status
            }
            _ = try await pullOne()
            #expect(try await pullOne() == .hit)
            let stored = try await shop.store.blobInfo(digest)
            shop.pass(seconds: 5)
            _ = try await pull(shop)
            while try await pullOne() != .hit { await Task.yield() }
            let fetches = shop.upstream.questions.count { $0.hasPrefix("GET blob") && $0.contains("\(digest)") }
            #expect(fetches == 2)
            // A whole file stays as it is: it may be a push's, and durable.
            #expect(try await shop.store.blobInfo(digest)?.modified == stored?.modified)
        }
    }

    // MARK: Completing

    @Test func whatNobodyAskedForIsFilledInAWhileLater() async throws {
        try await Workshop.open(completesPulls: true) { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop, without: [1])
            await shop.timers.asleep(for: .seconds(60))
            shop.timers.pass(.seconds(60))
            while try await !granted(shop, image.layers[0]) { await Task.yield() }
            shop.upstream.fail(.refused)
            shop.pass(seconds: 61)
            let served6 = try await pull(shop)
            #expect(served6.warning != nil)
            let digest = Digest(hashing: image.layers[0])
            #expect(shop.upstream.questions.count { $0.contains("\(digest)") } == 1)
        }
    }

    /// containerd and Docker, having the image from elsewhere, ask for no more than the manifest's head.
    @Test(arguments: [true, false])
    func whatIsHereForAnotherRepositoryIsSharedSoonAndNotFetched(isHead: Bool) async throws {
        try await Workshop.open(completesPulls: true) { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop)
            let repository = try shop.repository("mirror/y")
            let tag = try #require(Tag("v1"))
            _ = try await shop.registry.manifest(repository, .tag(tag), isHead: isHead)
            await shop.timers.asleep(for: .seconds(1), count: 2)
            shop.timers.pass(.seconds(1))
            for blob in [image.config] + image.layers {
                while try await !shop.store.isGranted(Digest(hashing: blob), in: repository.name) {
                    await Task.yield()
                }
            }
            let blobs = shop.upstream.questions.filter { $0.contains("blob y ") }
            #expect(blobs.count == 3)
            #expect(blobs.allSatisfy { $0.hasPrefix("HEAD") })
            shop.upstream.fail(.refused)
            shop.pass(seconds: 61)
            let served = try await shop.registry.manifest(repository, .tag(tag))
            #expect(served.warning != nil)
            try await image.pullBlobs(shop, "mirror/y")
        }
    }

    @Test(arguments: [true, false])
    func aHeadOrAKeyTurnedOffFillsNothing(isHead: Bool) async throws {
        try await Workshop.open(completesPulls: isHead) { shop in
            image.hold(on: shop.upstream)
            _ = try await pull(shop, isHead: isHead)
            shop.timers.pass(.seconds(120))
            for _ in 0..<100 { await Task.yield() }
            #expect(shop.upstream.questions == ["GET manifest x v1"])
        }
    }

    // MARK: Offline

    @Test func offlineServesWhatIsHeldAndAsksNobody() async throws {
        try await Workshop.open(isOffline: true) { shop in
            let repository = try shop.repository("mirror/x").name
            let manifest = ByteBuffer(string: image.manifest)
            let digest = Digest(hashing: manifest)
            for blob in [image.config] + image.layers {
                try await shop.objects.write(RegistryLayout.blob(Digest(hashing: blob)), blob, .cached)
                try await shop.store.grant(Digest(hashing: blob), in: repository, .cached)
            }
            try await shop.store.put(
                StoredManifest(digest: digest, mediaType: .imageManifest, bytes: manifest), declared: nil,
                in: repository, .cached)
            try await shop.store.setTag(try #require(Tag("v1")), to: digest, in: repository, .cached)
            shop.pass(seconds: 1_000_000)
            let served = try await pull(shop)
            #expect(served.content.digest == digest)
            #expect(served.warning?.contains("offline") == true)
            try await image.pullBlobs(shop)
            let error = await #expect(throws: RegistryError.self) {
                try await shop.registry.blob(
                    try shop.repository("mirror/x"), Digest(hashing: ByteBuffer(string: "absent")), range: nil
                ).content.bytes()
            }
            #expect(error?.status == 503)
            #expect(shop.upstream.questions == [])
        }
    }
}
