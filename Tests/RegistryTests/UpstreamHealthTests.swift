import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

/// Upstreams that are slow, dead, or come back.
@Suite(.timeLimit(.minutes(1))) struct UpstreamHealthTests {
    private let image = Image()

    private func pull(_ shop: Workshop, _ name: String = "v1") async throws -> Served<StoredManifest> {
        try await shop.registry.manifest(try shop.repository("mirror/x"), .tag(try #require(Tag(name))))
    }

    private func open(_ shop: Workshop) async throws {
        shop.upstreams[0].fail(.refused)
        for number in 0..<5 { _ = try? await pull(shop, "absent\(number)") }
        shop.upstreams[0].fail(nil)
    }

    // MARK: Breakers

    @Test func aHostThatKeepsFailingIsLeftAlone() async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            try await open(shop)
            let error = await #expect(throws: RegistryError.self) { try await pull(shop) }
            #expect(error?.status == 502)
            #expect(error?.message.contains("5 times in a row") == true)
            #expect(shop.upstream.questions.count == 5)
            #expect(shop.health.states["upstream0"]?.state == .open(until: .seconds(10)))
        }
    }

    @Test func otherLimitsHoldFromTheNextQuestionOn() async throws {
        try await Workshop.open { shop in
            shop.health.adjust(UpstreamLimits(breakerFailures: 2, breakerPause: .seconds(3)))
            try await open(shop)
            #expect(shop.upstream.questions.count == 2)
            #expect(shop.health.states["upstream0"]?.state == .open(until: .seconds(3)))
        }
    }

    @Test func whatUpstreamsDoNotHaveIsAskedForAgainAfterAReload() async throws {
        try await Workshop.open { shop in
            for _ in 0..<2 { await #expect(throws: RegistryError.self) { try await pull(shop) } }
            #expect(shop.upstream.questions.count == 1)
            let digest = image.hold(on: shop.upstream)
            shop.registry.reconfigure(PushLimits())
            let served = try await pull(shop)
            #expect(served.content.digest == digest)
        }
    }

    @Test func oneQuestionFindsOutWhetherItWorksAgain() async throws {
        try await Workshop.open { shop in
            let digest = image.hold(on: shop.upstream)
            try await open(shop)
            shop.timers.pass(.seconds(10))
            let served1 = try await pull(shop)
            #expect(served1.content.digest == digest)
            #expect(shop.health.states["upstream0"]?.state == .closed)
        }
    }

    @Test func aFailedProbeDoublesThePause() async throws {
        try await Workshop.open { shop in
            try await open(shop)
            shop.upstream.fail(.timedOut)
            shop.timers.pass(.seconds(10))
            for _ in 0..<3 { await #expect(throws: RegistryError.self) { try await pull(shop) } }
            #expect(shop.upstream.questions.count == 6)
            #expect(shop.health.states["upstream0"]?.state == .open(until: .seconds(30)))
        }
    }

    @Test func whileOneProbesTheOthersGoToTheNextUpstream() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            image.hold(on: shop.upstreams[0])
            let second = Image(7).hold(on: shop.upstreams[1], tag: "v2")
            try await open(shop)
            shop.timers.pass(.seconds(10))
            shop.upstreams[0].beSilent(true)
            let probe = Task { try await pull(shop) }
            await shop.timers.asleep(for: .seconds(5))
            let served2 = try await pull(shop, "v2")
            #expect(served2.content.digest == second)
            shop.upstreams[0].beSilent(false)
            _ = try await probe.value
            #expect(shop.upstreams[0].questions.count == 6)
        }
    }

    @Test(arguments: [
        UpstreamError.Kind.notFound, .denied, .unauthorized, .rateLimited(retryAfter: 1), .invalidResponse,
    ])
    func anAnswerThatIsNotWantedIsNoFailure(kind: UpstreamError.Kind) async throws {
        try await Workshop.open(freshness: Freshness(negativeTTL: 0)) { shop in
            shop.upstream.fail(kind)
            for _ in 0..<10 { _ = try? await pull(shop) }
            #expect(shop.upstream.questions.count == 10)
        }
    }

    // MARK: Slow upstreams

    @Test func aSilentUpstreamIsAnHonestErrorInTime() async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            shop.upstream.beSilent(true)
            let pulling = Task { try await pull(shop) }
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(5))
            let error = await #expect(throws: RegistryError.self) { try await pulling.value }
            #expect(error?.status == 504)
            #expect(error?.message == "upstream0 did not answer in time")
            #expect(shop.health.states["upstream0"]?.failures == 1)
        }
    }

    @Test func theNextUpstreamIsAskedAlongsideASlowOne() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = image.hold(on: shop.upstreams[1])
            shop.upstreams[0].beSilent(true)
            let pulling = Task { try await pull(shop) }
            await shop.timers.asleep(for: .seconds(1))
            #expect(shop.upstreams[1].questions == [])
            shop.timers.pass(.seconds(1))
            let pulled = try await pulling.value
            #expect(pulled.content.digest == digest)
            // It was not heard out, so nothing is held against it.
            #expect(shop.health.states["upstream0"]?.failures == 0)
        }
    }

    @Test func theFirstUpstreamStillCountsWhenItAnswersLate() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = image.hold(on: shop.upstreams[0])
            shop.upstreams[0].beSilent(true)
            let pulling = Task { try await pull(shop) }
            await shop.timers.asleep(for: .seconds(1))
            shop.timers.pass(.seconds(1))
            while shop.upstreams[1].questions.isEmpty { await Task.yield() }
            shop.upstreams[0].beSilent(false)
            let pulled = try await pulling.value
            #expect(pulled.content.digest == digest)
        }
    }

    @Test func allSilentUpstreamsTogetherTakeNoLongerThanOne() async throws {
        try await Workshop.open(upstreams: 3) { shop in
            for upstream in shop.upstreams { upstream.beSilent(true) }
            let pulling = Task { try await pull(shop) }
            await shop.timers.asleep(for: .seconds(5))
            await shop.timers.asleep(for: .seconds(1))
            shop.timers.pass(.seconds(1))
            await shop.timers.asleep(for: .seconds(4))
            await shop.timers.asleep(for: .seconds(1))
            shop.timers.pass(.seconds(1))
            await shop.timers.asleep(for: .seconds(3))
            shop.timers.pass(.seconds(3))
            let error = await #expect(throws: RegistryError.self) { try await pulling.value }
            #expect(error?.status == 504)
        }
    }

    @Test func aHeldTagIsServedWhenNobodyAnswersInTime() async throws {
        try await Workshop.open { shop in
            let digest = image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop)
            shop.pass(seconds: 61)
            shop.upstream.beSilent(true)
            let pulling = Task { try await pull(shop) }
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(5))
            let served = try await pulling.value
            #expect(served.content.digest == digest)
            #expect(served.warning == "served from the cache: upstream0 did not answer in time")
        }
    }

    @Test func aBlobsHeadIsWaitedForAsLong() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = shop.upstreams[1].hold(image.layers[0])
            shop.upstreams[0].beSilent(true)
            let repository = try shop.repository("mirror/x")
            let pulling = Task { try await shop.registry.blob(repository, digest, range: nil).content.bytes() }
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(5))
            let pulled = try await pulling.value
            #expect(pulled == image.layers[0])
        }
    }
}
