import OCI
import TestSupport
import Testing
import Upstream

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
}
