import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import Observability

@Suite struct EventLoopLagTests {
    @Test func aLookWaitsForALoopThatIsStuck() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let stuck = ConditionLock(value: 0)
        group.next().execute {
            stuck.lock(whenValue: 1)
            stuck.unlock()
        }
        let ended = NIOLockedValueBox(false)
        async let look: Void = {
            await EventLoopLag(group) {}.look()
            ended.withLockedValue { $0 = true }
        }()
        // The other loop answers.
        try await group.next().submit {}.get()
        #expect(!ended.withLockedValue { $0 })
        stuck.lock()
        stuck.unlock(withValue: 1)
        await look
        #expect(ended.withLockedValue { $0 })
        try await group.shutdownGracefully()
    }

    @Test func itEndsWhenNobodyTellsTheTimeAnyMore() async throws {
        struct Over: Error {}
        let rounds = NIOLockedValueBox(0)
        let lag = EventLoopLag(MultiThreadedEventLoopGroup.singleton) {
            let round = rounds.withLockedValue { rounds in
                rounds += 1
                return rounds
            }
            if round > 3 { throw Over() }
        }
        try await lag.run()
        #expect(rounds.withLockedValue { $0 } == 4)
    }
}
