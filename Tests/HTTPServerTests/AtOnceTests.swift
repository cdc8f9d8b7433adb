import HTTPServer
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Testing

/// Answers for which nothing is waited for, and what they must have in common with the others.
@Suite(.timeLimit(.minutes(1)))
struct AtOnceTests {
    private func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n"
    }

    private let even: @Sendable (Request) -> Response? = { request in
        Int(request.path.dropFirst()).map { $0.isMultiple(of: 2) } == true ? .text("at once \(request.path)") : nil
    }

    @Test
    func pipelinedRequestsAreAnsweredInOrderWhicheverWayTheyGo() async throws {
        try await TestServer.with(answer: { .text("later \($0.path)") }, atOnce: even) { server in
            try await RawClient.with(server.address) { client in
                // More of them in a row than one client may have answered before the others have their turn.
                let numbers = Array(0..<5) + Array(repeating: 2, count: 50) + [1, 1, 2]
                try await client.send(numbers.map { get("/\($0)") }.joined())
                for (place, number) in numbers.enumerated() {
                    let body = try await client.response().body
                    let isAtOnce = body == "at once /\(number)"
                    #expect(isAtOnce || body == "later /\(number)")
                    if !number.isMultiple(of: 2) || place < 5 { #expect(isAtOnce == number.isMultiple(of: 2)) }
                }
            }
            #expect(server.handler.finishedCount == 58)
        }
    }

    @Test
    func theyAreReportedAndCarryWhatTheEdgeAdds() async throws {
        try await TestServer.with(atOnce: even) { server in
            var id = ""
            try await RawClient.with(server.address) { client in
                try await client.send(get("/2"))
                let response = try await client.response()
                id = response.headers["x-request-id"] ?? ""
                #expect(response.headers["date"] != nil)
                #expect(response.headers["content-length"] == "10")
            }
            let exchange = await server.handler.nextExchange()
            #expect(exchange?.outcome == .complete)
            #expect(exchange?.bytesSent == 10)
            #expect(exchange?.requestID == id && !id.isEmpty)
        }
    }

    @Test(arguments: ["Connection: close\r\n", "Content-Length: 3\r\n"])
    func aRequestThatIsTheLastOrHasABodyIsServedAsEver(fields: String) async throws {
        try await TestServer.with(answer: { .text("later \($0.path)") }, atOnce: even) { server in
            try await RawClient.with(server.address) { client in
                let hasBody = fields.hasPrefix("Content-Length")
                try await client.send(get("/2", fields) + (hasBody ? "abc" : ""))
                let response = try await client.response()
                #expect(response.body == (hasBody ? "later /2" : "at once /2"))
                #expect(response.headers["connection"] == (hasBody ? nil : "close"))
                guard hasBody else {
                    #expect(await client.rest() == "")
                    return
                }
                try await client.send(get("/4"))
                #expect(try await client.response().body == "at once /4")
            }
        }
    }

    @Test
    func aBodyThatTakesTimeToSendIsSentWhole() async throws {
        let file = try TemporaryFile(count: 5_000_000)
        let count = NIOLockedValueBox(0)
        let large: @Sendable (Request) -> Response? = { _ in
            count.withLockedValue { $0 += 1 }
            return Response(status: .ok, body: .file(file.all))
        }
        try await TestServer.with(answer: { _ in .text("asked twice") }, atOnce: large) { server in
            try await RawClient.with(server.address, receiveBuffer: 4096) { client in
                try await client.send(get("/") + get("/"))
                for _ in 0..<2 { #expect(try await client.response().body == file.text) }
            }
            #expect(count.withLockedValue { $0 } == 2)
        }
    }

    @Test
    func whoTakesNothingDoesNotMakeAnswersPileUp() async throws {
        let body = String(repeating: "x", count: 30_000)
        let count = NIOLockedValueBox(0)
        let counted: @Sendable (Request) -> Response? = { _ in
            count.withLockedValue { $0 += 1 }
            return .text(body)
        }
        try await TestServer.with(answer: { counted($0) ?? .text("") }, atOnce: counted) { server in
            try await RawClient.with(server.address, receiveBuffer: 4096) { client in
                let requests = 400
                try await client.send(String(repeating: get("/"), count: requests))
                // Another client is served meanwhile.
                for _ in 0..<50 { _ = try await server.exchange(get("/", "Connection: close\r\n")) }
                let begun = count.withLockedValue { $0 } - 50
                // What the kernel's buffers and the edge's own hold.
                #expect(begun < 300)
                for _ in 0..<requests { #expect(try await client.response().body == body) }
            }
        }
    }

    @Test
    func theServerIsSeenToBeServingAlsoWhereNothingIsWaitedFor() async throws {
        try await TestServer.with(atOnce: even) { server in
            #expect(!server.server.activity.isServing)
            try await RawClient.with(server.address) { client in
                // At least one comes within the second that counts.
                var wasServing = false
                for _ in 0..<100 where !wasServing {
                    try await client.send(get("/2"))
                    _ = try await client.response()
                    wasServing = server.server.activity.isServing
                }
                #expect(wasServing)
                #expect(server.server.activity.requests == 0)
            }
        }
    }

    @Test
    func aConnectionThatWasOnlyAnsweredAtOnceEndsWithTheServer() async throws {
        try await TestServer.with(atOnce: even) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get("/2"))
                #expect(try await client.response().body == "at once /2")
                await server.shutDown()
                #expect(await client.rest() == "")
            }
        }
    }
}
