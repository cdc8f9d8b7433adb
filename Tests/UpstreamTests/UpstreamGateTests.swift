import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport
import Testing
import Upstream

/// Who is let through to an upstream, and when.
@Suite(.timeLimit(.minutes(1))) struct UpstreamGateTests {
    private let timers = ManualTimers()
    private let order = NIOLockedValueBox<[String]>([])

    private func errand(_ name: String, _ rank: Urgency.Rank = .content) throws -> UpstreamErrand {
        UpstreamErrand(repository: try #require(RepositoryName(name)), urgency: Urgency(rank))
    }

    private func gate(connections: Int?) -> UpstreamGate {
        UpstreamGate(name: "up", caps: UpstreamCaps(connections: connections), timers: timers.timers)
    }

    /// Returns when so many wait.
    private func standing(_ count: Int, at gate: UpstreamGate) async throws {
        let isSo = try await eventually(within: .seconds(20)) { gate.reading.waiting == count ? true : nil }
        try #require(isSo == true)
    }

    private func refusal(_ gate: UpstreamGate, _ errand: UpstreamErrand) async -> UpstreamError? {
        do {
            _ = try await gate.admit(errand, patience: .seconds(20))
            return nil
        } catch {
            return error
        }
    }

    @Test func withoutACapEverybodyPasses() async throws {
        let gate = gate(connections: nil)
        var passes: [UpstreamPass] = []
        for number in 0..<100 { passes.append(try await gate.admit(try errand("r\(number)"), patience: .zero)) }
        #expect(gate.reading.inUse == 100)
        passes = []
        #expect(gate.reading.inUse == 0)
    }

    @Test func aPlaceThatBecomesFreeGoesToWhoeverWaits() async throws {
        let gate = gate(connections: 1)
        var first: UpstreamPass? = try await gate.admit(try errand("a"), patience: .zero)
        let errand = try errand("b")
        async let second = gate.admit(errand, patience: .seconds(20))
        try await standing(1, at: gate)
        #expect(gate.reading.inUse == 1)
        withExtendedLifetime(first) {}
        first = nil
        let pass = try await second
        #expect(gate.reading == UpstreamGate.Reading(caps: UpstreamCaps(connections: 1), inUse: 1, waiting: 0))
        withExtendedLifetime(pass) {}
    }

    @Test func whoFindsNoPlaceInTimeIsToldWhichCapItWas() async throws {
        let gate = gate(connections: 1)
        let pass = try await gate.admit(try errand("a"), patience: .zero)
        let errand = try errand("b")
        async let refused = refusal(gate, errand)
        await timers.asleep(for: .seconds(20))
        timers.pass(.seconds(20))
        let error = try #require(await refused)
        #expect(error.kind == .capped(retryAfter: 5))
        #expect(error.message.contains("the 1 connections that max_connections allows"))
        #expect(gate.reading.waiting == 0)
        withExtendedLifetime(pass) {}
    }

    @Test func theQueueIsBounded() async throws {
        let gate = gate(connections: 1)
        let pass = try await gate.admit(try errand("a"), patience: .zero)
        let errand = try errand("b")
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<256 { group.addTask { await refusal(gate, errand)?.kind == .cancelled } }
            await #expect(throws: Never.self) { try await standing(256, at: gate) }
            let error = await refusal(gate, errand)
            #expect(error?.kind == .capped(retryAfter: 5))
            #expect(error?.message.contains("256 more requests wait") == true)
            group.cancelAll()
            for await isCancelled in group { #expect(isCancelled) }
        }
        #expect(gate.reading.waiting == 0)
        withExtendedLifetime(pass) {}
    }

    /// Lets those who wait pass one at a time, and tells in which order they came.
    private func passing(_ waiting: [(name: String, rank: Urgency.Rank)]) async throws -> [String] {
        let gate = gate(connections: 1)
        var first: UpstreamPass? = try await gate.admit(try errand("first"), patience: .zero)
        let errands = try waiting.map { ($0.name, try errand(String($0.name.prefix(1)), $0.rank)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, (name, errand)) in errands.enumerated() {
                group.addTask {
                    let pass = try await gate.admit(errand, patience: .seconds(20))
                    order.withLockedValue { $0.append(name) }
                    withExtendedLifetime(pass) {}
                }
                try await standing(number + 1, at: gate)
            }
            withExtendedLifetime(first) {}
            first = nil
            try await group.waitForAll()
        }
        return order.withLockedValue { $0 }
    }

    @Test func repositoriesTakeTurns() async throws {
        let order = try await passing(
            ["a1", "a2", "a3", "b1", "b2", "c1"].map { (name: $0, rank: Urgency.Rank.content) })
        #expect(order == ["a1", "b1", "c1", "a2", "b2", "a3"])
    }

    @Test func questionsComeBeforeBlobsAndBlobsBeforeWhatNobodyWaitsFor() async throws {
        let order = try await passing([
            (name: "a", rank: .background), (name: "b", rank: .content), (name: "c", rank: .question),
        ])
        #expect(order == ["c", "b", "a"])
    }

    @Test func whatAClientAsksForIsInTheBackgroundNoMore() async throws {
        let gate = gate(connections: 1)
        var first: UpstreamPass? = try await gate.admit(try errand("first"), patience: .zero)
        let completion = try errand("a", .background)
        let client = try errand("b")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, (name, errand)) in [("client", client), ("completion", completion)].enumerated() {
                group.addTask {
                    let pass = try await gate.admit(errand, patience: .seconds(20))
                    order.withLockedValue { $0.append(name) }
                    withExtendedLifetime(pass) {}
                }
                try await standing(number + 1, at: gate)
            }
            completion.urgency.raise(to: .question)
            withExtendedLifetime(first) {}
            first = nil
            try await group.waitForAll()
        }
        #expect(order.withLockedValue { $0 } == ["completion", "client"])
    }

    @Test func blobsLeaveAPlaceToQuestionsAndTheBackgroundLeavesHalf() async throws {
        let gate = gate(connections: 4)
        var passes: [UpstreamPass] = []
        for _ in 0..<2 { passes.append(try await gate.admit(try errand("a", .background), patience: .zero)) }
        async let third = refusal(gate, try errand("a", .background))
        try await standing(1, at: gate)
        passes.append(try await gate.admit(try errand("b"), patience: .zero))
        async let fourth = refusal(gate, try errand("b"))
        try await standing(2, at: gate)
        passes.append(try await gate.admit(try errand("c", .question), patience: .zero))
        #expect(gate.reading.inUse == 4)
        passes = []
        #expect(try await third == nil)
        #expect(try await fourth == nil)
    }

    @Test func aHigherCapLetsInAtOnceWhoWaits() async throws {
        let gate = gate(connections: 1)
        let pass = try await gate.admit(try errand("a", .question), patience: .zero)
        let errand = try errand("b", .question)
        async let second = gate.admit(errand, patience: .seconds(20))
        try await standing(1, at: gate)
        gate.adjust(UpstreamCaps(connections: 2))
        let other = try await second
        #expect(gate.reading.inUse == 2)
        withExtendedLifetime((pass, other)) {}
    }

    @Test func namespacesOfOneHostAndAccountShareTheStrictestCaps() {
        let gates = UpstreamGates(timers: timers.timers)
        let mine = UpstreamGates.Key(name: "up", account: "me")
        gates.adjust([
            (mine, UpstreamCaps(connections: 4)), (mine, UpstreamCaps(connections: 2, bytesPerSecond: 1000)),
            (UpstreamGates.Key(name: "up", account: nil), UpstreamCaps(connections: 9)),
        ])
        let gate = gates.gate(mine)
        #expect(gate.reading.caps == UpstreamCaps(connections: 2, bytesPerSecond: 1000))
        gates.adjust([])
        #expect(gates.gate(mine) === gate)
        #expect(gate.reading.caps == UpstreamCaps())
    }
}
