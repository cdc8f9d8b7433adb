import HTTPServer
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LifecycleTests {
    private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test
    func shutdownClosesIdleConnectionsAtOnceAndFinishesResponsesUnderWay() async throws {
        let file = try TemporaryFile(count: 20_000_000)
        let gate = Gate()
        let response = Response(
            status: .ok,
            body: .stream(length: 20_000_000) { writer in
                try await writer.write(file.slice(0, 1000))
                await gate.pass()
                try await writer.write(file.slice(1000, 19_999_000))
            })
        let handler: @Sendable (Request) async -> Response = { $0.path == "/" ? response : .text("x") }
        try await TestServer.with(answer: handler) { server in
            try await RawClient.with(server.address) { busy in
                try await RawClient.with(server.address) { idle in
                    try await idle.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
                    _ = try await idle.response()
                    try await busy.send(get)
                    await gate.isReached()
                    await server.shutDown()
                    #expect(await idle.rest() == "")
                }
                await #expect(throws: (any Error).self) { try await server.exchange(get) }
                await gate.open()
                #expect(try await busy.response().body == file.text)
                #expect(await busy.rest() == "")
            }
        }
    }

    @Test
    func aRequestAnsweredDuringShutdownIsTheLastOfItsConnection() async throws {
        let gate = Gate()
        let waiting: @Sendable (Request) async -> Response = { _ in
            await gate.pass()
            return .text("done")
        }
        try await TestServer.with(answer: waiting) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get)
                await gate.isReached()
                await server.shutDown()
                await #expect(throws: (any Error).self) {
                    // Connects only: a request that were still taken would wait for the gate as well.
                    while true { try await RawClient.with(server.address) { _ in } }
                }
                await gate.open()
                let response = try await client.response()
                #expect(response.body == "done")
                #expect(response.headers["connection"] == "close")
            }
        }
    }

    /// A request that waits for work that is not its own is cancelled to no effect.
    @Test
    func whatRequestsWaitForIsToldThatTheGraceIsOver() async throws {
        let (work, ending) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        let waiting: @Sendable (Request) async -> Response = { _ in
            await gate.pass()
            return .text("never")
        }
        try await withThrowingTaskGroup { group in
            group.addTask {
                for await _ in work {}
                await gate.open()
            }
            try await TestServer.with(
                limits { $0.shutdownGrace = .milliseconds(50) }, answer: waiting, onGraceOver: { ending.finish() }
            ) { server in
                try await RawClient.with(server.address) { client in
                    try await client.send(get)
                    await gate.isReached()
                    await server.shutDown()
                    #expect(await client.rest() == "")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test
    func whatOutlastsTheGraceIsCut() async throws {
        let waiting: @Sendable (Request) async -> Response = { _ in
            try? await Task.sleep(for: .seconds(50))
            return .text("never")
        }
        try await TestServer.with(limits { $0.shutdownGrace = .milliseconds(50) }, answer: waiting) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get)
                try await client.send("")
                try await Task.sleep(for: .milliseconds(50))
                await server.shutDown()
                #expect(await client.rest() == "")
            }
        }
    }

    @Test(arguments: [false, true])
    func aClientThatLeavesCancelsItsHandler(duringBody: Bool) async throws {
        let gate = Gate()
        let cancelled = Gate()
        let wait: @Sendable () async -> Void = {
            await withTaskCancellationHandler {
                await gate.pass()
            } onCancel: {
                Task { await cancelled.pass() }
            }
        }
        let handler: @Sendable (Request) async -> Response = { _ in
            if !duringBody { await wait() }
            return Response(
                status: .ok,
                body: .stream(length: nil) { writer in
                    try await writer.write(ByteBuffer(string: "x"))
                    if duringBody { await wait() }
                    try Task.checkCancellation()
                })
        }
        try await TestServer.with(answer: handler) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get)
                await gate.isReached()
                try await client.leave()
                await cancelled.isReached()
                await gate.open()
                let exchange = await server.handler.nextExchange()
                #expect(exchange?.outcome == .clientLeft)
            }
        }
    }

    @Test
    func manyClientsComeAndGo() async throws {
        let file = try TemporaryFile(count: 300_000)
        let response = Response(status: .ok, body: .file(file.all))
        try await TestServer.with(answer: always(response)) { server in
            try await withThrowingTaskGroup(of: Void.self) { clients in
                for number in 0..<64 {
                    clients.addTask {
                        try await RawClient.with(server.address) { client in
                            try await client.send(get + get)
                            if number.isMultiple(of: 3) { return try await client.leave() }
                            #expect(try await client.response().body == file.text)
                            #expect(try await client.response().body == file.text)
                        }
                    }
                }
                try await clients.waitForAll()
            }
        }
    }
}
