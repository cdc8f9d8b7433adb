import NIOConcurrencyHelpers
import OCI
import TestSupport
import Testing
import Upstream

/// Bytes a second, shared by all who ask one upstream.
@Suite(.timeLimit(.minutes(1))) struct BandwidthTests {
    private let timers = ManualTimers()
    private let order = NIOLockedValueBox<[String]>([])

    private func gate(_ rate: Int) -> UpstreamGate {
        UpstreamGate(name: "up", caps: UpstreamCaps(bytesPerSecond: rate), timers: timers.timers)
    }

    private func pass(_ gate: UpstreamGate, _ name: String, _ rank: Urgency.Rank = .content) async throws
        -> UpstreamPass
    {
        let repository = try #require(RepositoryName(name))
        return try await gate.admit(UpstreamErrand(repository: repository, urgency: Urgency(rank)), patience: .zero)
    }

    @Test func asMuchAsASecondHoldsComesAtOnceAndMoreTakesItsTime() async throws {
        let pass = try await pass(gate(1000), "a")
        await pass.take(600)
        await pass.take(600)
        // 200 of debt: at 1000 bytes a second, and one byte more.
        async let third: Void = pass.take(500)
        await timers.asleep(for: .milliseconds(201))
        timers.pass(.milliseconds(201))
        await third
        async let fourth: Void = pass.take(1)
        await timers.asleep(for: .milliseconds(500))
        timers.pass(.milliseconds(500))
        await fourth
    }

    @Test func idleTimeIsNotSavedUpForLongerThanASecond() async throws {
        let pass = try await pass(gate(1000), "a")
        timers.pass(.seconds(3600))
        await pass.take(1000)
        async let next: Void = pass.take(1)
        await timers.asleep(for: .milliseconds(1))
        timers.pass(.milliseconds(1))
        await next
    }

    @Test func repositoriesTakeTurnsAndTheBackgroundWaits() async throws {
        let gate = gate(1000)
        let names = ["background", "a1", "a2", "a3", "b1", "b2"]
        let owner = try await pass(gate, "owner")
        await owner.take(1500)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, name) in names.enumerated() {
                let isBackground = name == "background"
                let pass = try await pass(
                    gate, isBackground ? "z" : String(name.prefix(1)), isBackground ? .background : .content)
                group.addTask {
                    await pass.take(1000)
                    order.withLockedValue { $0.append(name) }
                }
                let isWaiting = try await eventually(within: .seconds(20)) {
                    gate.reading.waitingForBandwidth == number + 1 ? true : nil
                }
                try #require(isWaiting == true)
            }
            for left in (0..<names.count).reversed() {
                // Who watches the clock sleeps as long as the debt lasts.
                let isAsleep = try await eventually(within: .seconds(20)) { timers.sleeping > 0 ? true : nil }
                try #require(isAsleep == true)
                timers.pass(.milliseconds(1001))
                let isServed = try await eventually(within: .seconds(20)) {
                    gate.reading.waitingForBandwidth == left && order.withLockedValue { $0.count } == names.count - left
                        ? true : nil
                }
                try #require(isServed == true)
            }
            try await group.waitForAll()
        }
        #expect(order.withLockedValue { $0 } == ["a1", "b1", "a2", "b2", "a3", "background"])
    }

    @Test func whoLeavesWhileWatchingTheClockHandsItOn() async throws {
        let gate = gate(1000)
        let pass = try await pass(gate, "a")
        await pass.take(2000)
        let watcher = Task { await pass.take(100) }
        await timers.asleep(for: .milliseconds(1001))
        let other = Task { await pass.take(100) }
        let isWaiting = try await eventually(within: .seconds(20)) {
            gate.reading.waitingForBandwidth == 2 ? true : nil
        }
        #expect(isWaiting == true)
        watcher.cancel()
        await watcher.value
        await timers.asleep(for: .milliseconds(1001))
        timers.pass(.milliseconds(1001))
        await other.value
        #expect(gate.reading.waitingForBandwidth == 0)
    }

    @Test func whoeverLeavesAndWheneverTheOthersGoOn() async throws {
        let gate = gate(1000)
        let pass = try await pass(gate, "a")
        await pass.take(2000)
        let tasks = (0..<50).map { _ in Task { await pass.take(10) } }
        let isWaiting = try await eventually(within: .seconds(20)) {
            gate.reading.waitingForBandwidth == 50 ? true : nil
        }
        #expect(isWaiting == true)
        await withTaskGroup(of: Void.self) { group in
            for (number, task) in tasks.enumerated() where number % 3 != 0 { group.addTask { task.cancel() } }
        }
        gate.adjust(UpstreamCaps())
        gate.adjust(UpstreamCaps(bytesPerSecond: 500))
        let later = (0..<20).map { _ in Task { await pass.take(100) } }
        let isOver = NIOLockedValueBox(false)
        let clock = Task {
            while !isOver.withLockedValue({ $0 }) {
                timers.pass(.seconds(1))
                await Task.yield()
            }
        }
        for task in tasks + later { await task.value }
        isOver.withLockedValue { $0 = true }
        await clock.value
        #expect(gate.reading.waitingForBandwidth == 0)
    }

    @Test func smallAnswersAreNotHeldUpButOthersPayForThem() async throws {
        let pass = try await pass(gate(1000), "a")
        pass.charge(1499)
        async let next: Void = pass.take(1)
        await timers.asleep(for: .milliseconds(500))
        timers.pass(.milliseconds(500))
        await next
    }

    @Test func withoutTheCapAllWhoWaitGoOn() async throws {
        let gate = gate(1000)
        let pass = try await pass(gate, "a")
        await pass.take(1_000_000)
        let waiting = (0..<3).map { _ in Task { await pass.take(100) } }
        let isWaiting = try await eventually(within: .seconds(20)) {
            gate.reading.waitingForBandwidth == 3 ? true : nil
        }
        #expect(isWaiting == true)
        gate.adjust(UpstreamCaps())
        timers.pass(.seconds(1000))
        for task in waiting { await task.value }
    }
}
