import HTTPServer
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// A handler made of a closure; remembers what the edge reported.
final class ScriptedHandler: RequestHandler {
    private let answer: @Sendable (Request) async -> Response
    private let answerAtOnce: @Sendable (Request) -> Response?
    let exchanges: AsyncStream<Exchange>
    private let report: AsyncStream<Exchange>.Continuation

    init(
        _ answer: @escaping @Sendable (Request) async -> Response,
        atOnce: @escaping @Sendable (Request) -> Response? = { _ in nil }
    ) {
        self.answer = answer
        answerAtOnce = atOnce
        (exchanges, report) = AsyncStream.makeStream()
    }

    func respond(to request: Request) async -> Response { await answer(request) }

    func respondAtOnce(to request: Request) -> Response? { answerAtOnce(request) }

    func refuse(_ refusal: RequestError, requestID: String) -> Response {
        Response(status: refusal.status, headers: ["Retry-After": "1"], body: .bytes(ByteBuffer(string: "\(refusal)")))
    }

    private let count = NIOLockedValueBox(0)
    /// How many exchanges were reported so far.
    var finishedCount: Int { count.withLockedValue { $0 } }

    func finished(_ exchange: Exchange) {
        count.withLockedValue { $0 += 1 }
        report.yield(exchange)
    }

    func nextExchange() async -> Exchange? { await exchanges.first { _ in true } }
}

extension HTTPServerConfiguration {
    /// What a server of these tests is held to, where they do not say something else.
    static var test: HTTPServerConfiguration {
        HTTPServerConfiguration(
            address: "127.0.0.1", port: 0, maxHeaderBytes: 32 << 10, maxConnections: 10_000,
            maxConcurrentRequests: 1024, maxWaitingRequests: 0, requestPatience: .seconds(5),
            handshakeTimeout: .seconds(10), headerTimeout: .seconds(30),
            idleTimeout: .seconds(50), writeStallTimeout: .seconds(50), bodyStallTimeout: .seconds(50),
            connectionAge: .seconds(3600), connectionAgeGrace: .seconds(60), shutdownGrace: .seconds(60))
    }
}

struct TestServer: Sendable {
    let address: SocketAddress
    let handler: ScriptedHandler
    let server: HTTPServer
    let shutDown: @Sendable () async -> Void

    /// Runs a server on a free port while `body` runs.
    static func with<Result: Sendable>(
        _ change: (inout HTTPServerConfiguration) -> Void = { _ in },
        answer: @escaping @Sendable (Request) async -> Response = { .text($0.path) },
        atOnce: @escaping @Sendable (Request) -> Response? = { _ in nil },
        now: (@Sendable () -> Int64)? = nil, onGraceOver: @escaping @Sendable () -> Void = {},
        _ body: sending @escaping (TestServer) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPServerConfiguration.test
        configuration.shutdownGrace = .seconds(10)
        change(&configuration)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let handler = ScriptedHandler(answer, atOnce: atOnce)
        let (bound, bind) = AsyncStream<SocketAddress>.makeStream()
        let server = HTTPServer(
            configuration: configuration, handler: handler, logger: logger, now: now,
            onBound: { bind.yield($0) }, onGraceOver: onGraceOver)
        let services = ServiceGroup(services: [server], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            guard let address = await bound.first(where: { _ in true }) else { throw CancellationError() }
            let test = TestServer(address: address, handler: handler, server: server) {
                await services.triggerGracefulShutdown()
            }
            let result = try await body(test)
            tasks.cancelAll()
            try? await tasks.waitForAll()
            return result
        }
    }

    /// Sends `text` on a connection of its own and returns all that comes back until the server closes.
    func exchange(_ text: String) async throws -> String {
        try await RawClient.with(address) { client in
            // The server may have closed already.
            try? await client.send(text)
            return await client.rest()
        }
    }
}

/// A handler that gives the same response to every request.
func always(_ response: Response) -> @Sendable (Request) async -> Response { { _ in response } }

/// Changes to the default configuration.
func limits(
    _ change: @escaping @Sendable (inout HTTPServerConfiguration) -> Void
) -> @Sendable (inout HTTPServerConfiguration) -> Void { change }

extension Response {
    static func text(_ text: String) -> Response {
        Response(
            status: .ok, headers: ["Content-Type": "text/plain"], body: .bytes(ByteBuffer(string: text)))
    }
}
