import NIOConcurrencyHelpers
import OCI
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(1))) struct BackgroundWorkTests {
    /// The server still waits for what waits for it, and then it is told to end itself.
    @Test func whatIsUnderWayEndsWhenItIsStopped() async throws {
        let background = BackgroundWork()
        let isOver = NIOLockedValueBox(false)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await background.run()
                isOver.withLockedValue { $0 = true }
            }
            let (started, starting) = AsyncStream<Void>.makeStream()
            group.addTask {
                let error = await #expect(throws: RegistryError.self) {
                    try await background.carryOut { () async throws(RegistryError) in
                        starting.finish()
                        do { try await Task.sleep(for: .seconds(600)) } catch { throw .interrupted }
                    }
                }
                #expect(error?.status == RegistryError.interrupted.status)
            }
            for await _ in started {}
            background.stop()
            await group.next()
            #expect(!isOver.withLockedValue { $0 })
            let isStarted = background.start {}
            #expect(!isStarted)
            group.cancelAll()
        }
        #expect(isOver.withLockedValue { $0 })
    }
}
