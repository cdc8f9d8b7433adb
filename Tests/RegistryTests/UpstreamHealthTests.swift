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
            shop.health.adjust(ResilienceLimits.test(breakerFailures: 2, breakerPause: .seconds(3)))
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
            shop.registry.reconfigure(PushLimits.test())
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

    @Test func nobodyWaitsForAProbeWhereAnotherUpstreamAnswers() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = image.hold(on: shop.upstreams[0])
            image.hold(on: shop.upstreams[1])
            let second = Image(7).hold(on: shop.upstreams[1], tag: "v2")
            try await open(shop)
            shop.timers.pass(.seconds(10))
            shop.upstreams[0].beSilent(true)
            // No time passes: the answer is the second's, and the first is asked in the background, once.
            #expect(try await pull(shop).content.digest == digest)
            #expect(try await pull(shop, "v2").content.digest == second)
            #expect(shop.upstreams[0].questions.count == 6)
            #expect(shop.health.states["upstream0"]?.state == .probing)
            shop.upstreams[0].beSilent(false)
            let isBack = try await eventually(within: .seconds(20)) {
                shop.health.states["upstream0"]?.state == .closed ? true : nil
            }
            #expect(isBack == true)
        }
    }

    @Test func whatOthersDoNotHaveIsAskedOfTheOneThatIsBeingProbed() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = image.hold(on: shop.upstreams[0])
            try await open(shop)
            shop.timers.pass(.seconds(10))
            #expect(try await pull(shop).content.digest == digest)
        }
    }

    /// Packets vanish: it neither answers nor refuses.
    @Test func threePayForADeadPrimaryAndThenNobody() async throws {
        try await Workshop.open(upstreams: 2, freshness: Freshness.test(negativeTTL: 0)) { shop in
            let tags = (0..<8).map { "v\($0)" }
            for tag in tags { image.hold(on: shop.upstreams[1], tag: tag) }
            let blobs = (0..<2).map { shop.upstreams[1].hold(ByteBuffer(string: "blob \($0)")) }
            shop.upstreams[0].beSilent(true)
            for tag in tags.prefix(2) {
                let pulling = Task { try await pull(shop, tag) }
                await shop.timers.asleep(for: .seconds(1))
                shop.timers.pass(.seconds(1))
                _ = try await pulling.value
            }
            // The third is a blob: it is hedged as manifests are, and counts for the same host.
            let repository = try shop.repository("mirror/x")
            let pulling = Task { try await shop.registry.blob(repository, blobs[0], range: nil).content.bytes() }
            await shop.timers.asleep(for: .seconds(1))
            shop.timers.pass(.seconds(1))
            _ = try await pulling.value
            #expect(shop.health.states["upstream0"]?.state == .open(until: .seconds(13)))
            let asked = shop.upstreams[0].questions.count
            // No time passes for any of these.
            for tag in tags.dropFirst(2) { _ = try await pull(shop, tag) }
            _ = try await shop.registry.blob(repository, blobs[1], range: nil).content.bytes()
            _ = try? await shop.registry.tags(repository, after: nil, limit: nil)
            #expect(shop.upstreams[0].questions.count == asked)
        }
    }

    @Test func aProbeThatIsSilentAsWellDoublesThePause() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            image.hold(on: shop.upstreams[1])
            try await open(shop)
            shop.upstreams[0].beSilent(true)
            shop.timers.pass(.seconds(10))
            _ = try await pull(shop)
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(5))
            let isOpen = try await eventually(within: .seconds(20)) {
                shop.health.states["upstream0"]?.state == .open(until: .seconds(35)) ? true : nil
            }
            #expect(isOpen == true)
        }
    }

    @Test func whoIsFastAgainHasLostNothing() async throws {
        try await Workshop.open(upstreams: 2, freshness: Freshness.test(negativeTTL: 0)) { shop in
            for number in 0..<9 { for upstream in shop.upstreams { image.hold(on: upstream, tag: "v\(number)") } }
            for number in 0..<9 {
                // Slow twice, then fast once, and so on.
                let isSlow = number % 3 < 2
                shop.upstreams[0].beSilent(isSlow)
                let pulling = Task { try await pull(shop, "v\(number)") }
                if isSlow {
                    await shop.timers.asleep(for: .seconds(1))
                    shop.timers.pass(.seconds(1))
                }
                _ = try await pulling.value
                #expect(shop.health.states["upstream0"]?.state == .closed)
            }
        }
    }

    @Test(arguments: [
        UpstreamError.Kind.notFound, .denied, .unauthorized, .rateLimited(retryAfter: 1), .invalidResponse,
    ])
    func anAnswerThatIsNotWantedIsNoFailure(kind: UpstreamError.Kind) async throws {
        try await Workshop.open(freshness: Freshness.test(negativeTTL: 0)) { shop in
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
            // It was not heard out, but it had its time.
            #expect(shop.health.states["upstream0"]?.failures == 0)
            #expect(shop.health.states["upstream0"]?.lostRaces == 1)
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

    @Test func aBlobIsAskedOfTheNextUpstreamAlongsideASlowOne() async throws {
        try await Workshop.open(upstreams: 2) { shop in
            let digest = shop.upstreams[1].hold(image.layers[0])
            shop.upstreams[0].beSilent(true)
            let repository = try shop.repository("mirror/x")
            let pulling = Task { try await shop.registry.blob(repository, digest, range: nil).content.bytes() }
            await shop.timers.asleep(for: .seconds(1))
            shop.timers.pass(.seconds(1))
            let pulled = try await pulling.value
            #expect(pulled == image.layers[0])
        }
    }
}
