import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import Upstream

@Suite(.timeLimit(.minutes(1))) struct ByteBudgetTests {
    private let patience: Duration = .seconds(10)

    @Test func `no more is given than there is, and what is let go of is given again`() {
        let budget = ByteBudget(limit: 100)
        var first = budget.reserve(60)
        #expect(first != nil)
        #expect(budget.reserve(41) == nil)
        let second = budget.reserve(40)
        #expect(second != nil)
        #expect(budget.used == 100)
        first = nil
        #expect(budget.used == 40)
        second?.shrink(to: 10)
        second?.shrink(to: 30)
        #expect(budget.used == 10)
        #expect(budget.reserve(90) != nil)
    }

    @Test func `what is larger than all there is gets all there is`() {
        let budget = ByteBudget(limit: 100)
        let all = budget.reserve(1000)
        #expect(budget.used == 100)
        #expect(budget.reserve(1) == nil)
        withExtendedLifetime(all) {}
    }

    @Test func `those who wait are served in the order of coming, and nobody overtakes`() async {
        let timers = ManualTimers()
        let budget = ByteBudget(limit: 100, timers: timers.timers)
        var held = budget.reserve(80)
        #expect(held != nil)
        let first = NIOLockedValueBox<ByteBudget.Share?>(nil)
        let large = Task { first.set(await budget.reserve(90, patience: patience)) }
        await timers.asleep(for: patience, count: 1)
        let second = NIOLockedValueBox<ByteBudget.Share?>(nil)
        let small = Task { second.set(await budget.reserve(15, patience: patience)) }
        await timers.asleep(for: patience, count: 2)
        // There would be room for it.
        #expect(budget.reserve(10) == nil)
        #expect(budget.waiting == 2)
        held = nil
        await large.value
        #expect(budget.used == 90)
        #expect(budget.waiting == 1)
        first.set(nil)
        await small.value
        #expect(budget.used == 15)
        second.set(nil)
        #expect(budget.used == 0)
    }

    @Test func `who waits too long, or does not want to any more, gets nothing and stands in nobody's way`() async {
        let timers = ManualTimers()
        let budget = ByteBudget(limit: 100, timers: timers.timers)
        let held = budget.reserve(80)
        let late = Task { await budget.reserve(90, patience: .seconds(5)) }
        await timers.asleep(for: .seconds(5))
        let gone = Task { await budget.reserve(90, patience: patience) }
        await timers.asleep(for: patience, count: 1)
        let fits = Task { await budget.reserve(20, patience: .seconds(20)) }
        await timers.asleep(for: .seconds(20))
        timers.pass(.seconds(5))
        #expect(await late.value == nil)
        #expect(budget.waiting == 2)
        gone.cancel()
        #expect(await gone.value == nil)
        #expect(await fits.value != nil)
        #expect(budget.waiting == 0)
        withExtendedLifetime(held) {}
    }

    @Test func `another limit holds at once`() async {
        let timers = ManualTimers()
        let budget = ByteBudget(limit: 10, timers: timers.timers)
        let held = budget.reserve(10)
        let share = NIOLockedValueBox<ByteBudget.Share?>(nil)
        let waiting = Task { share.set(await budget.reserve(500, patience: patience)) }
        await timers.asleep(for: patience)
        budget.adjust(limit: 20)
        await waiting.value
        #expect(budget.used == 20)
        budget.adjust(limit: 5)
        share.set(nil)
        #expect(budget.used == 10)
        #expect(budget.reserve(1) == nil)
        withExtendedLifetime(held) {}
    }

    @Test func `a thousand who all want some at once get it in the end, and never more than there is`() async {
        let budget = ByteBudget(limit: 8 << 20)
        let most = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    let share = await budget.reserve(Int.random(in: 1...4 << 20), patience: .seconds(60))
                    #expect(share != nil)
                    let used = budget.used
                    await Task.yield()
                    return withExtendedLifetime(share) { used }
                }
            }
            return await group.reduce(0, max)
        }
        #expect(most <= 8 << 20)
        #expect(budget.used == 0)
        #expect(budget.waiting == 0)
    }
}

extension NIOLockedValueBox where Value: Sendable {
    fileprivate func set(_ value: Value) { withLockedValue { $0 = value } }
}
