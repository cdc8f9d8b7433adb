import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPServer

/// The end of a connection's last response, of which the client has not taken all when the server has written it.
@Suite(.timeLimit(.minutes(1)))
struct LastResponseTests {
    /// More than the buffers of these tests hold, and less than what suspends a producer.
    private static let text = String(repeating: "x", count: 60_000)
    private static let half = String(repeating: "x", count: 30_000)

    private func get(_ fields: String = "") -> String { "GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n" }

    /// A client, and a server whose kernels hold little of what is on its way.
    private func withNarrowPipe(
        answer: @escaping @Sendable (Request) async -> Response = { _ in .text(text) },
        atOnce: @escaping @Sendable (Request) -> Response? = { _ in nil },
        _ body: @escaping @Sendable (TestServer, RawClient) async throws -> Void
    ) async throws {
        try await TestServer.with(limits { $0.shutdownGrace = .seconds(60) }, answer: answer, atOnce: atOnce) {
            server in
            try await RawClient.with(server.address, receiveBuffer: 4096) { client in
                await server.isConnected()
                try await server.onConnections {
                    try $0.context?.channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: 4096)
                }
                try await body(server, client)
            }
        }
    }

    @Test(arguments: ["Connection: close\r\n", ""])
    func itMayTakeLongerThanAMoment(fields: String) async throws {
        try await withNarrowPipe { server, client in
            try await client.send(get(fields))
            let head = try await client.text(through: "\r\n\r\n")
            #expect(head.contains("Content-Length: 60000\r\n"))
            // Where the client has not ended the connection, the server does.
            await server.shutDown()
            try await server.isDraining()
            for _ in 0..<20 {
                try await server.sweep(after: .seconds(6))
                _ = try await client.text(count: 2000)
            }
            #expect(try await client.text(count: 20_000).utf8.count == 20_000)
            #expect(await client.rest() == "")
            #expect(await server.handler.nextExchange()?.outcome == .complete)
        }
    }

    @Test
    func itMayTakeLongerAlsoWhereNothingWasWaitedFor() async throws {
        try await withNarrowPipe(atOnce: { _ in .text(Self.half) }) { server, client in
            try await client.send(get() + get("Connection: close\r\n"))
            for _ in 0..<2 {
                _ = try await client.text(through: "\r\n\r\n")
                try await server.sweep(after: .seconds(6))
                #expect(try await client.text(count: 30_000) == Self.half)
            }
            #expect(await client.rest() == "")
        }
    }

    @Test
    func whoTakesNothingOfItIsCutAndNotReportedToHaveIt() async throws {
        try await withNarrowPipe { server, client in
            try await client.send(get("Connection: close\r\n"))
            _ = try await client.text(through: "\r\n\r\n")
            try await server.sweep(after: .zero)
            try await server.sweep(after: .seconds(60))
            #expect(await server.handler.nextExchange()?.outcome == .clientLeft)
            #expect(await client.rest().utf8.count < 60_000)
        }
    }
}
