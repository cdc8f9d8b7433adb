import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

/// Upstreams of which only so much may be used.
@Suite(.timeLimit(.minutes(1))) struct CapsTests {
    private let content = ByteBuffer(repeating: 7, count: 1000)
    private let limits = FillLimits.test(holdBack: 4, progress: 10)

    private func blob(_ shop: Workshop, _ name: String, _ digest: Digest) async throws -> BlobAnswer {
        try await shop.registry.blob(try shop.repository(name), digest, range: nil).content
    }

    /// Has a blob arrive that takes a connection of the first upstream until the valve ends.
    private func occupy(_ shop: Workshop, _ valve: Valve, as text: String = "occupying") async throws -> BlobAnswer {
        let digest = Digest(hashing: ByteBuffer(string: text))
        shop.upstreams[0].hold(.valve(valve, size: Int64(text.utf8.count)), as: digest)
        return try await blob(shop, "mirror/first", digest)
    }

    @Test func aBlobWaitsForItsTurn() async throws {
        try await Workshop.open(limits: limits, caps: UpstreamCaps(connections: 1)) { shop in
            let digest = shop.upstream.hold(content)
            let valve = Valve()
            let first = try await occupy(shop, valve)
            let second = Task { try await blob(shop, "mirror/second", digest).bytes() }
            await shop.timers.asleep(for: .seconds(20))
            #expect(shop.upstream.questions.count == 1)
            valve.send(ByteBuffer(string: "occupying"))
            valve.finish()
            #expect(try await second.value == content)
            #expect(try await first.bytes() == ByteBuffer(string: "occupying"))
            #expect(shop.upstream.gate?.reading.inUse == 0)
        }
    }

    @Test func whoWaitsTooLongIsToldWhichCapItWasAndNobodyIsBlamed() async throws {
        try await Workshop.open(limits: limits, caps: UpstreamCaps(connections: 1)) { shop in
            let digest = shop.upstream.hold(content)
            let valve = Valve()
            let first = try await occupy(shop, valve)
            let second = Task { try await blob(shop, "mirror/second", digest).bytes() }
            await shop.timers.asleep(for: .seconds(20))
            shop.timers.pass(.seconds(20))
            let error = await #expect(throws: RegistryError.self) { try await second.value }
            #expect(error?.status == 429)
            #expect(error?.retryAfter == 5)
            #expect(error?.message.contains("max_connections") == true)
            #expect(shop.health.states["upstream0"]?.failures ?? 0 == 0)
            valve.send(ByteBuffer(string: "occupying"))
            valve.finish()
            _ = try await first.bytes()
        }
    }

    @Test func theNextUpstreamIsTakenForOneThatIsFull() async throws {
        try await Workshop.open(upstreams: 2, limits: limits, caps: UpstreamCaps(connections: 1)) { shop in
            _ = shop.upstreams[0].hold(content)
            let digest = shop.upstreams[1].hold(content)
            let valve = Valve()
            let first = try await occupy(shop, valve)
            let second = Task { try await blob(shop, "mirror/second", digest).bytes() }
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(5))
            #expect(try await second.value == content)
            #expect(shop.upstreams[1].questions == ["GET blob second \(digest)"])
            valve.send(ByteBuffer(string: "occupying"))
            valve.finish()
            _ = try await first.bytes()
        }
    }

    @Test func aHeldManifestIsServedForAQuestionThatFindsNoPlace() async throws {
        let freshness = Freshness.test(tagTTL: 0)
        try await Workshop.open(limits: limits, freshness: freshness, caps: UpstreamCaps(connections: 1)) { shop in
            let image = Image()
            image.hold(on: shop.upstream)
            let repository = try shop.repository("mirror/x")
            let tag = try #require(Tag("v1"))
            _ = try await shop.registry.manifest(repository, .tag(tag))
            try await image.pullBlobs(shop)
            let valve = Valve()
            let first = try await occupy(shop, valve)
            let second = Task { try await shop.registry.manifest(repository, .tag(tag)) }
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(5))
            let served = try await second.value
            #expect(served.warning?.contains("max_connections") == true)
            valve.send(ByteBuffer(string: "occupying"))
            valve.finish()
            _ = try await first.bytes()
        }
    }

    @Test func aTransferThatBreaksOffGivesItsPlaceBackBeforeItIsContinued() async throws {
        try await Workshop.open(limits: limits, caps: UpstreamCaps(connections: 1)) { shop in
            let digest = Digest(hashing: content)
            shop.upstream.hold(.flapping(content, step: 300), as: digest)
            let bytes = try await blob(shop, "mirror/x", digest).bytes()
            #expect(bytes == content)
            #expect(shop.upstream.questions.count == 4)
        }
    }

    @Test func whatNobodyWaitsForMakesWayAndIsContinuedLater() async throws {
        let caps = UpstreamCaps(connections: 1)
        try await Workshop.open(limits: limits, completesPulls: true, caps: caps) { shop in
            let image = Image()
            image.hold(on: shop.upstream)
            let repository = try shop.repository("mirror/x")
            _ = try await shop.registry.manifest(repository, .tag(try #require(Tag("v1"))))
            try await image.pullBlobs(shop, without: [1])
            let layer = image.layers[0]
            let digest = Digest(hashing: layer)
            let valve = Valve()
            shop.upstream.hold(.valve(valve, size: 300), as: digest)
            await shop.timers.asleep(for: .seconds(60))
            shop.timers.pass(.seconds(60))
            while !shop.upstream.questions.contains("GET blob x \(digest)") { await Task.yield() }
            valve.send(try #require(layer.getSlice(at: 0, length: 100)))

            let wanted = shop.upstream.hold(content)
            let client = Task { try await blob(shop, "mirror/y", wanted).bytes() }
            await shop.timers.asleep(for: .seconds(20))
            shop.upstream.hold(.bytes(layer), as: digest)
            valve.send(try #require(layer.getSlice(at: 100, length: 100)))
            #expect(try await client.value == content)
            while try await !shop.store.isGranted(digest, in: repository.name) { await Task.yield() }
            #expect(shop.upstream.questions.suffix(2) == ["GET blob y \(wanted)", "GET blob x \(digest)@200-"])
            #expect(shop.health.states["upstream0"]?.failures ?? 0 == 0)
        }
    }

    @Test func bytesComeNoFasterThanTheyMay() async throws {
        try await Workshop.open(limits: limits, caps: UpstreamCaps(bytesPerSecond: 100)) { shop in
            let digest = shop.upstream.hold(content)
            let other = shop.upstream.hold(ByteBuffer(repeating: 8, count: 50))
            // 900 more than a second holds, and one.
            let first = try await blob(shop, "mirror/x", digest)
            let isPaid = try await eventually(within: .seconds(20)) {
                shop.upstream.gate?.reading.inUse == 0 ? true : nil
            }
            #expect(isPaid == true)
            let second = Task { try await blob(shop, "mirror/y", other).bytes() }
            await shop.timers.asleep(for: .milliseconds(9010))
            shop.timers.pass(.milliseconds(9010))
            #expect(try await second.value.readableBytes == 50)
            #expect(try await first.bytes() == content)
        }
    }
}
