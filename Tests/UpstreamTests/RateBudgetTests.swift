import OCI
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import Upstream

/// What upstreams say of the requests they allow.
@Suite struct RateBudgetTests {
    private func reading(after headers: [(String, String)]) async throws -> RateBudget.Reading? {
        let budget = RateBudget(name: "x")
        try await ScriptedHTTPServer.run { _ in
            .answer(200, headers + [("Content-Type", MediaType.imageIndex.value)], text: index)
        } _: { server in
            _ = try await makeClient(server, budget: budget).manifest(repository, latest)
        }
        return budget.reading
    }

    @Test(
        arguments: [
            ([("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "76;w=21600")], (100, 76, 21_600)),
            ([("RateLimit", "limit=100, remaining=50, reset=30")], (100, 50, 30)),
            ([("X-RateLimit-Limit", "60"), ("X-RateLimit-Remaining", "0")], (60, 0, nil)),
            ([("RateLimit-Limit", "many"), ("RateLimit-Remaining", "-1")], nil),
            ([("RateLimit-Limit", "99999999999999999999"), ("RateLimit-Remaining", "1")], nil),
            ([("RateLimit-Limit", "100")], nil),
            ([], nil),
        ] as [([(String, String)], (Int, Int, Int?)?)])
    func headersAreRead(headers: [(String, String)], expected: (Int, Int, Int?)?) async throws {
        let reading = try await reading(after: headers)
        #expect(reading?.limit == expected?.0)
        #expect(reading?.remaining == expected?.1)
        #expect(reading?.window == expected?.2)
    }

    @Test(arguments: [(9, 0, true), (10, 0, false), (0, 899, true), (0, 900, false), (0, -1, false)])
    func littleIsLeft(remaining: Int, age: Int64, isLow: Bool) {
        let budget = RateBudget(name: "x")
        budget.note(RateBudget.Reading(limit: 100, remaining: remaining, window: 21_600, time: 1000))
        #expect(budget.isLow(now: 1000 + age) == isLow)
    }

    @Test(arguments: [("7", 7), (nil, 60)] as [(String?, Int64)])
    func aLimitIsNeverRunInto(retryAfter: String?, wait: Int64) async throws {
        let budget = RateBudget(name: "x")
        let time = ManualTime()
        try await ScriptedHTTPServer.run { _ in
            .answer(429, retryAfter.map { [("Retry-After", $0)] } ?? [])
        } _: { server in
            let client = try makeClient(server, time: time, budget: budget)
            _ = await kindOf { _ = try await client.manifest(repository, latest) }
            time.advance(2)
            for _ in 0..<3 {
                #expect(
                    await kindOf { _ = try await client.headManifest(repository, latest) }
                        == .rateLimited(retryAfter: Int(wait) - 2))
            }
            #expect(server.requests.count == 1)
            // Docker Hub counts manifests and goes on sending blobs.
            _ = await kindOf { _ = try await client.headBlob(repository, digest) }
            #expect(server.requests.count == 2)
            time.advance(wait)
            _ = await kindOf { _ = try await client.manifest(repository, latest) }
            #expect(server.requests.count == 3)
        }
    }

    @Test func oneBudgetForEachHostAndAccount() {
        let budgets = RateBudgets()
        let anonymous = budgets.budget(name: "hub", account: nil)
        #expect(budgets.budget(name: "hub", account: nil) === anonymous)
        #expect(budgets.budget(name: "hub", account: "me") !== anonymous)
        #expect(budgets.budget(name: "quay", account: nil) !== anonymous)
    }

    /// The target of a redirect, or a token service, has limits of its own and says nothing of the upstream's.
    @Test func aLimitOfAHostThatTheUpstreamLeadsToBlocksNobodyElse() async throws {
        let budget = RateBudget(name: "x")
        try await ScriptedHTTPServer.run { _ in
            .answer(429, [("Retry-After", "3600")])
        } _: { store in
            try await ScriptedHTTPServer.run { request in
                request.path.contains("/blobs/") ? .redirect(to: "\(store.url)/x") : .manifest(index)
            } _: { server in
                let client = try makeClient(server, budget: budget)
                for _ in 0..<2 {
                    let error = await #expect(throws: UpstreamError.self) {
                        try await client.blob(repository, digest, range: nil)
                    }
                    #expect(error?.kind == .rateLimited(retryAfter: 900))
                    #expect(error?.message.contains("leading to 127.0.0.1:\(store.port)") == true)
                }
                #expect(budget.wait(now: 1_000_000) == 0)
                #expect(try await client.manifest(repository, latest).mediaType == .imageIndex)
                #expect(store.requests.count == 2)
            }
        }
    }

    @Test func aTokenServiceThatHasHadEnoughIsLeftAloneAndTheUpstreamIsNot() async throws {
        let (budget, time) = (RateBudget(name: "x"), ManualTime())
        let isOpen = NIOLockedValueBox(false)
        try await ScriptedHTTPServer.run { request in
            switch request.path {
            case "/token":
                isOpen.withLockedValue { $0 }
                    ? .answer(text: #"{"token":"t"}"#) : .answer(429, [("Retry-After", "7000")])
            case let path where path.contains("/open/"): .manifest(index)
            default:
                request.header("Authorization") == nil
                    ? .unauthorized(#"Bearer realm="/token",service="s""#) : .manifest(index)
            }
        } _: { server in
            let client = try makeClient(server, time: time, budget: budget)
            for _ in 0..<3 {
                #expect(
                    await kindOf { _ = try await client.manifest(repository, latest) }
                        == .rateLimited(retryAfter: 900))
            }
            #expect(server.requests.count { $0.path == "/token" } == 1)
            let open = try #require(RepositoryName("x/open/y"))
            #expect(try await client.manifest(open, latest).mediaType == .imageIndex)
            isOpen.withLockedValue { $0 = true }
            time.advance(900)
            #expect(try await client.manifest(repository, latest).mediaType == .imageIndex)
            #expect(server.requests.count { $0.path == "/token" } == 2)
        }
    }

    @Test(arguments: ["loop", "nowhere", "broken", "locked"])
    func whoFindsOutAndFailsForAReasonOfItsOwnKeepsNobodyAway(failure: String) async throws {
        let (budget, time) = (RateBudget(name: "x"), ManualTime())
        try await ScriptedHTTPServer.run { request in
            switch request.path {
            case let path where path.contains("/limited/"): .answer(429, [("Retry-After", "5")])
            case let path where path.contains("/loop/"): .redirect(to: request.path)
            case let path where path.contains("/nowhere/"): .answer(307)
            case let path where path.contains("/broken/"): TestResponse(steps: [.close])
            case let path where path.contains("/locked/"): .unauthorized(#"Bearer realm="/token",service="s""#)
            case "/token": .answer(500)
            default: .manifest(index)
            }
        } _: { server in
            let client = try makeClient(server, time: time, budget: budget)
            let limited = try #require(RepositoryName("x/limited/y"))
            #expect(
                await kindOf { _ = try await client.manifest(limited, latest) } == .rateLimited(retryAfter: 5))
            #expect(
                await kindOf { _ = try await client.manifest(repository, latest) } == .rateLimited(retryAfter: 5))
            time.advance(5)
            let failing = try #require(RepositoryName("x/\(failure)/y"))
            let kind = await kindOf { _ = try await client.manifest(failing, latest) }
            #expect(kind != nil && kind != .rateLimited(retryAfter: 5))
            #expect(try await client.manifest(repository, latest).mediaType == .imageIndex)
            #expect(budget.wait(now: time.now()) == 0)
        }
    }

    @Test func afterABlockOneFindsOutWhileTheOthersWait() {
        var block = RateBlock(retryAfter: 100_000, now: 0)
        #expect(block.wait(now: 0) == 900)
        #expect(block.admit(now: 899) == 1)
        #expect(block.admit(now: 900) == 0)
        #expect(block.admit(now: 900) == 10)
        // The one that was to find out is lost: another does.
        #expect(block.admit(now: 910) == 0)
        // It has said that it does not find out.
        block.giveUp(now: 911)
        #expect(block.admit(now: 911) == 0)
        #expect(block.admit(now: 912) == 9)
        #expect(RateBlock(retryAfter: nil, now: 5).wait(now: 5) == 60)
        // A clock that was set back.
        #expect(RateBlock(retryAfter: 10, now: 1000).wait(now: 0) == 0)
    }

    /// What stands in Redis may have been written by anybody.
    @Test(
        arguments: [
            (limit: Int.max, remaining: Int.max, window: nil, time: 100),
            (limit: 100, remaining: 1, window: Int.max, time: 100),
            (limit: 100, remaining: -1, window: nil, time: 100),
            (limit: 100, remaining: 1, window: nil, time: Int64.min),
            (limit: 100, remaining: 1, window: nil, time: Int64.max),
        ] as [(limit: Int, remaining: Int, window: Int?, time: Int64)])
    func whatNoReplicaCanHaveLearntIsNotReckonedWith(
        _ reading: (limit: Int, remaining: Int, window: Int?, time: Int64)
    ) {
        let budget = RateBudget(name: "x")
        let told = RateState.Reading(
            limit: reading.limit, remaining: reading.remaining, window: reading.window, time: reading.time)
        budget.take(
            RateState(
                time: 100, reading: told, manifestsBlockedUntil: Int64.max, blobsBlockedUntil: Int64.min), now: 100)
        #expect(budget.reading == nil)
        #expect(!budget.isLow(now: 100))
        #expect(budget.wait(now: 100) == 900)
        budget.take(RateState(time: Int64.max, reading: nil), now: 100)
        budget.take(RateState(time: Int64.min, reading: nil), now: 100)
        #expect(budget.state?.time == 100)
    }

    @Test func whatAnotherReplicaHasLearntLaterIsTakenOn() {
        let budget = RateBudget(name: "x")
        let told = RateState.Reading(limit: 100, remaining: 5, window: 21_600, time: 90)
        budget.take(RateState(time: 90, reading: told), now: 100)
        #expect(budget.isLow(now: 100))
        budget.take(
            RateState(time: 80, reading: RateState.Reading(limit: 100, remaining: 90, window: nil, time: 80)), now: 100)
        #expect(budget.reading?.remaining == 5)
    }
}
