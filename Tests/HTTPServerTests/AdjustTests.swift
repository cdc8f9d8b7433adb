import HTTPServer
import NIOCore
import NIOHTTP1
import Testing

/// Limits that change while connections are open.
@Suite(.timeLimit(.minutes(1)))
struct AdjustTests {
    private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    private func adjust(_ server: TestServer, _ change: (inout HTTPServerConfiguration) -> Void) async {
        var configuration = HTTPServerConfiguration.test
        change(&configuration)
        await server.server.adjust(configuration)
    }

    @Test
    func anOpenConnectionIsHeldToTheNewHeaderLimit() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                let long = "GET / HTTP/1.1\r\nHost: h\r\nA: \(String(repeating: "x", count: 2000))\r\n\r\n"
                try await client.send(long)
                #expect(try await client.response().status == 200)
                await adjust(server) { $0.maxHeaderBytes = 1000 }
                try await client.send(long)
                #expect(try await client.response().status == 431)
            }
        }
    }

    @Test
    func requestsAndConnectionsAreAdmittedByTheNewLimits() async throws {
        let gate = Gate()
        let waiting: @Sendable (Request) async -> Response = { request in
            if request.path == "/wait" { await gate.pass() }
            return .text(request.path)
        }
        try await TestServer.with(answer: waiting) { server in
            try await RawClient.with(server.address) { first in
                try await first.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
                await gate.isReached()
                #expect(server.server.activity.connections == 1)
                #expect(server.server.activity.requests == 1)
                #expect(server.server.activity.isServing && !server.server.activity.isServing(besides: 1))
                try await RawClient.with(server.address) { second in
                    await adjust(server) {
                        $0.maxConcurrentRequests = 1
                        $0.maxConnections = 2
                    }
                    try await second.send(get)
                    #expect(try await second.response().status == 503)
                    #expect(try await server.exchange(get) == "")
                    await adjust(server) { $0.maxConcurrentRequests = 2 }
                    try await second.send(get)
                    #expect(try await second.response().status == 200)
                    // What was under way went on.
                    await gate.open()
                    #expect(try await first.response().body == "/wait")
                }
            }
        }
    }

    @Test
    func theNewIdleTimeoutHoldsFromTheNextResponseOn() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get)
                #expect(try await client.response().status == 200)
                await adjust(server) { $0.idleTimeout = .milliseconds(100) }
                try await client.send(get)
                #expect(try await client.response().status == 200)
                // Returns when the server closes; 50 seconds by the old limit, more than this suite may take.
                #expect(await client.rest() == "")
            }
        }
    }
}
