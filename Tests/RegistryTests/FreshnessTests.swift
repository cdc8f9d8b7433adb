import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

@Suite(.timeLimit(.minutes(1))) struct FreshnessTests {
    private let image = Image()
    private let newer = Image(9)

    private func tag(_ text: String = "v1") throws -> Reference { .tag(try #require(Tag(text))) }

    private func pull(_ shop: Workshop, _ name: String = "v1") async throws -> Served<StoredManifest> {
        try await shop.registry.manifest(try shop.repository("mirror/x"), try tag(name))
    }

    private func pullAll(_ shop: Workshop, _ name: String = "v1") async throws {
        _ = try await pull(shop, name)
        try await image.pullBlobs(shop)
    }

    @Test func aHeldTagSaysHowOldItIs() async throws {
        try await Workshop.open { shop in
            image.hold(on: shop.upstream)
            let served1 = try await pull(shop)
            #expect(served1.age == nil)
            shop.pass(seconds: 20)
            let served2 = try await pull(shop)
            #expect(served2.age == 20)
        }
    }

    @Test func aStaleTagIsServedAtOnceWhileOneQuestionFindsOut() async throws {
        try await Workshop.open(freshness: Freshness.test(staleWhileRevalidate: 30)) { shop in
            let old = image.hold(on: shop.upstream)
            try await pullAll(shop)
            let new = newer.hold(on: shop.upstream)
            shop.pass(seconds: 70)
            shop.upstream.beSilent(true)
            for _ in 0..<3 {
                let served = try await pull(shop)
                #expect(served.content.digest == old)
                #expect(served.status.field == "entrepot; hit; ttl=-10")
                #expect(served.age == 70)
                #expect(served.warning == nil)
            }
            shop.upstream.beSilent(false)
            while try await pull(shop).content.digest != new { await Task.yield() }
            #expect(
                shop.upstream.questions.filter { $0.contains("manifest") } == [
                    "GET manifest x v1", "HEAD manifest x v1", "GET manifest x v1",
                ])
        }
    }

    @Test func afterTheWindowTheClientWaitsForTheAnswer() async throws {
        try await Workshop.open(freshness: Freshness.test(staleWhileRevalidate: 30)) { shop in
            image.hold(on: shop.upstream)
            try await pullAll(shop)
            let new = newer.hold(on: shop.upstream)
            shop.pass(seconds: 90)
            let served3 = try await pull(shop)
            #expect(served3.content.digest == new)
        }
    }

    @Test(arguments: [(29, true), (30, false)])
    func staleIfErrorHasALimit(beyond: Int64, isServed: Bool) async throws {
        try await Workshop.open(freshness: Freshness.test(staleIfError: 30)) { shop in
            image.hold(on: shop.upstream)
            try await pullAll(shop)
            shop.pass(seconds: 60 + beyond)
            shop.upstream.fail(.unavailable(status: 500))
            if isServed {
                let served = try await pull(shop)
                #expect(served.warning?.contains("upstream0") == true)
                #expect(served.age == 60 + beyond)
            } else {
                let error = await #expect(throws: RegistryError.self) { try await pull(shop) }
                #expect(error?.status == 502)
            }
        }
    }

    @Test func anImmutableTagIsNeverAskedForAgain() async throws {
        let freshness = Freshness.test(tagTTL: 0, isImmutable: { $0.value != "latest" })
        try await Workshop.open(freshness: freshness) { shop in
            image.hold(on: shop.upstream)
            image.hold(on: shop.upstream, tag: "latest")
            for name in ["v1", "latest"] { _ = try await pull(shop, name) }
            shop.pass(seconds: 1_000_000)
            let served4 = try await pull(shop)
            #expect(served4.status == .hit)
            let served5 = try await pull(shop, "latest")
            #expect(served5.status.field == "entrepot; fwd=stale")
            #expect(
                shop.upstream.questions == ["GET manifest x v1", "GET manifest x latest", "HEAD manifest x latest"])
        }
    }

    @Test(arguments: [(0, 3), (10, 2)])
    func notFoundIsBelievedForAWhile(lifetime: Int64, questions: Int) async throws {
        try await Workshop.open(freshness: Freshness.test(negativeTTL: lifetime)) { shop in
            for _ in 0..<2 {
                let error = await #expect(throws: RegistryError.self) { try await pull(shop) }
                #expect(error?.code == .manifestUnknown)
            }
            image.hold(on: shop.upstream)
            shop.pass(seconds: 10)
            _ = try await pull(shop)
            #expect(shop.upstream.questions.count == questions)
        }
    }

    @Test func aFailureIsNotBelievedForAWhile() async throws {
        try await Workshop.open { shop in
            shop.upstream.fail(.refused)
            await #expect(throws: RegistryError.self) { try await pull(shop) }
            image.hold(on: shop.upstream)
            shop.upstream.fail(nil)
            _ = try await pull(shop)
        }
    }

    @Test(arguments: [UpstreamError.Kind.unauthorized, .denied], [true, false])
    func aRefusalIsServedAroundOnlyIfTheOperatorSaysSo(kind: UpstreamError.Kind, isAllowed: Bool) async throws {
        try await Workshop.open(freshness: Freshness.test(servesOnDenied: isAllowed)) { shop in
            let digest = image.hold(on: shop.upstream)
            try await pullAll(shop)
            shop.pass(seconds: 61)
            shop.upstream.fail(kind)
            if isAllowed {
                let served = try await pull(shop)
                #expect(served.content.digest == digest)
                #expect(served.warning != nil)
            } else {
                let error = await #expect(throws: RegistryError.self) { try await pull(shop) }
                #expect(error?.status == 403)
            }
        }
    }

    // MARK: Budgets

    @Test func aLowBudgetIsSpentOnAnImageThatIsNotWhole() async throws {
        try await Workshop.open { shop in
            let digest = image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop, without: [1])
            shop.pass(seconds: 61)
            let budget = try #require(shop.upstream.budget)
            budget.note(RateBudget.Reading(limit: 100, remaining: 9, window: 21_600, time: 1_000_061))
            let served = try await pull(shop)
            #expect(served.content.digest == digest)
            #expect(served.warning == nil)
            #expect(
                shop.upstream.questions.filter { $0.contains("manifest") } == [
                    "GET manifest x v1", "HEAD manifest x v1",
                ])
            // Now that it is whole the rest is kept.
            try await image.pullBlobs(shop)
            shop.pass(seconds: 61)
            let later = try await pull(shop)
            #expect(later.warning?.contains("few more requests") == true)
        }
    }

    @Test func aLowBudgetIsKeptForWhatIsNotHeld() async throws {
        try await Workshop.open { shop in
            let digest = image.hold(on: shop.upstream)
            image.hold(on: shop.upstream, tag: "v2")
            try await pullAll(shop)
            shop.pass(seconds: 61)
            let budget = try #require(shop.upstream.budget)
            budget.note(RateBudget.Reading(limit: 100, remaining: 9, window: 21_600, time: 1_000_061))
            let served = try await pull(shop)
            #expect(served.content.digest == digest)
            #expect(served.warning?.contains("few more requests") == true)
            _ = try await pull(shop, "v2")
            shop.pass(seconds: 900)
            let served6 = try await pull(shop)
            #expect(served6.warning == nil)
            #expect(
                shop.upstream.questions.filter { $0.contains("manifest") } == [
                    "GET manifest x v1", "GET manifest x v2", "HEAD manifest x v1",
                ])
        }
    }
}
