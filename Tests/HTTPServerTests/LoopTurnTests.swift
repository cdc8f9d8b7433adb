import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import HTTPServer

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct LoopTurnTests {
    /// More than one: while the last of them works, the first has waited for long.
    @Test(arguments: [1, 2, 5])
    func `who lets others pass goes on after the loop has looked at its connections`(count: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let order = NIOLockedValueBox<[String]>([])
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        let writing = ends[1]
        let channel = try await NIOPipeBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Arrivals(order))
                }
            }
            .takingOwnershipOfDescriptor(input: ends[0]).get()
        let turn = try await loop.submit { NIOLoopBound(LoopTurn(), eventLoop: loop) }.get()
        let turns = try await LoopTurn.open(turn, on: loop)
        let executor = EventLoopTaskExecutor(loop)
        for round in 1...20 {
            await withDiscardingTaskGroup { tasks in
                for _ in 0..<count {
                    tasks.addTask(executorPreference: executor) {
                        write(writing, "x", 1)
                        usleep(200)
                        await withCheckedContinuation { turn.value.awaitNext($0) }
                        order.withLockedValue { $0.append("waiter") }
                    }
                }
            }
            let seen = order.withLockedValue { order in
                defer { order = [] }
                return order
            }
            #expect(seen.first == "arrival", "round \(round): \(seen)")
            #expect(seen.count { $0 == "waiter" } == count)
        }
        try await turns.close()
        // Nobody is kept by what tells no turns any more.
        await withDiscardingTaskGroup { tasks in
            tasks.addTask(executorPreference: executor) { await withCheckedContinuation { turn.value.awaitNext($0) } }
        }
        close(writing)
        try await channel.closeFuture.get()
        try await group.shutdownGracefully()
    }
}

private final class Arrivals: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let order: NIOLockedValueBox<[String]>

    init(_ order: NIOLockedValueBox<[String]>) { self.order = order }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        order.withLockedValue { $0.append("arrival") }
    }
}
