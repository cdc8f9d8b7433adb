import Coordination
import NIOConcurrencyHelpers
import Testing

@Suite(.timeLimit(.minutes(1))) struct KeyedLockTests {
    private struct TooLong: Error {}

    private typealias Sleep = @Sendable (Duration) async -> Void

    /// - Returns: Whether it was its turn in time.
    private static func work(
        _ lock: KeyedLock<Int>, _ key: Int, _ sleep: @escaping Sleep, _ body: () async -> Void
    ) async -> Bool {
        do throws(TooLong) {
            try await lock.withLock(key, patience: .seconds(60), sleep: sleep, else: TooLong()) {
                () async throws(TooLong) -> Void in
                await body()
            }
            return true
        } catch {
            return false
        }
    }

    @Test(arguments: [false, true]) func whoHasWaitedForTooLongIsToldSo(isCancelled: Bool) async {
        let lock = KeyedLock<Int>()
        let (held, holding) = AsyncStream<Void>.makeStream()
        let (gate, opening) = AsyncStream<Void>.makeStream()
        await withTaskGroup(of: Void.self) { holders in
            holders.addTask {
                await lock.withLock(1) {
                    holding.finish()
                    for await _ in gate {}
                }
            }
            for await _ in held {}
            let (time, passing) = AsyncStream<Void>.makeStream()
            await withTaskGroup(of: Bool.self) { waiters in
                waiters.addTask { await Self.work(lock, 1, { _ in for await _ in time { return } }) {} }
                if isCancelled { waiters.cancelAll() } else { passing.yield() }
                for await isDone in waiters { #expect(!isDone) }
            }
            // Whoever comes next has lost nothing by that.
            await withTaskGroup(of: Bool.self) { waiters in
                waiters.addTask {
                    await Self.work(lock, 1, { _ in _ = try? await Task.sleep(for: .seconds(600)) }) {}
                }
                opening.finish()
                for await isDone in waiters { #expect(isDone) }
            }
        }
        await lock.withLock(1) {}
    }

    @Test func manyWithLittlePatienceAreNeverAtItTogether() async {
        let lock = KeyedLock<Int>()
        let inside = NIOLockedValueBox([0, 0])
        let most = NIOLockedValueBox(0)
        var done = 0
        await withTaskGroup(of: Bool.self) { workers in
            for number in 0..<400 {
                workers.addTask {
                    let key = number % 2
                    let sleep: Sleep = { _ in for _ in 0..<number % 7 { await Task.yield() } }
                    return await Self.work(lock, key, sleep) {
                        inside.withLockedValue { counts in
                            counts[key] += 1
                            let count = counts[key]
                            most.withLockedValue { $0 = max($0, count) }
                        }
                        await Task.yield()
                        inside.withLockedValue { $0[key] -= 1 }
                    }
                }
            }
            for await isDone in workers where isDone { done += 1 }
        }
        #expect(done > 0)
        #expect(most.withLockedValue { $0 } == 1)
        for key in 0..<2 { await lock.withLock(key) {} }
    }
}
