import NIOConcurrencyHelpers
import Testing
import Threads

@Suite struct ThreadPoolTests {
    @Test func `what work returns or throws is handed on`() async throws {
        struct Oops: Error {}
        let pool = ThreadPool(limit: 2, name: "test")
        #expect(try await pool.run { 7 } == 7)
        await #expect(throws: Oops.self) { try await pool.run { throw Oops() } }
    }

    @Test func `no thread is there before there is work, and none after it had none for its time`() async throws {
        let pool = ThreadPool(limit: 3, name: "test", patience: 0)
        #expect(pool.threadCount == 0)
        try await pool.run {}
        while pool.threadCount > 0 { await Task.yield() }
        #expect(try await pool.run { 1 } == 1)
    }

    @Test func `work that waits for other work has a thread each, up to the limit`() async throws {
        let pool = ThreadPool(limit: 4, name: "test")
        let gate = ConditionLock(value: false)
        let arrived = NIOLockedValueBox(0)
        // Each leaves only when all four are there.
        for _ in 0..<4 {
            pool.submit {
                let count = arrived.withLockedValue { count in
                    count += 1
                    return count
                }
                if count == 4 {
                    gate.lock()
                    gate.unlock(withValue: true)
                }
                gate.lock(whenValue: true)
                gate.unlock()
            }
        }
        gate.lock(whenValue: true)
        gate.unlock()
        #expect(pool.threadCount == 4)
    }

    @Test func `no more threads than the limit, and what waits is done in its order`() async throws {
        let pool = ThreadPool(limit: 1, name: "test")
        let seen = NIOLockedValueBox<[Int]>([])
        for number in 0..<1000 { pool.submit { seen.withLockedValue { $0.append(number) } } }
        try await pool.run {}
        // None where the test itself waited for a processor for so long.
        #expect(pool.threadCount <= 1)
        #expect(seen.withLockedValue { $0 } == Array(0..<1000))
    }

    @Test func `nothing is lost while threads come and go`() async throws {
        let pool = ThreadPool(limit: 3, name: "test", patience: 0)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<5000 { group.addTask { try await pool.run { number } } }
            let sum = try await group.reduce(0, +)
            #expect(sum == 4999 * 5000 / 2)
        }
    }
}
