import HTTPServer
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RequestBodyTests {
    private static let echo: @Sendable (Request) async -> Response = { request in
        do {
            return Response(status: .ok, body: .bytes(try await request.body.collect(upTo: 10_000_000)))
        } catch {
            return Response(status: .badRequest, body: .bytes(ByteBuffer(string: "\(error)")))
        }
    }

    @Test(arguments: [0, 1, 70_000, 3_000_000])
    func aBodyOfKnownLengthIsRead(count: Int) async throws {
        let text = String(repeating: "b", count: count)
        try await TestServer.with(answer: Self.echo) { server in
            try await RawClient.with(server.address) { client in
                for _ in 0..<2 {
                    try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \(count)\r\n\r\n" + text)
                    #expect(try await client.response().body == text)
                }
            }
        }
    }

    @Test
    func aChunkedBodyIsReadAndTheNextRequestFollows() async throws {
        try await TestServer.with(answer: Self.echo) { server in
            try await RawClient.with(server.address) { client in
                let request =
                    "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
                try await client.send(request + request)
                #expect(try await client.response().body == "abcde")
                #expect(try await client.response().body == "abcde")
            }
        }
    }

    @Test
    func aBrokenChunkedBodyFailsTheReaderAndClosesTheConnection() async throws {
        try await TestServer.with(answer: Self.echo) { server in
            let text = try await server.exchange(
                "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"
            )
            #expect(text.hasPrefix("HTTP/1.1 400 "))
            #expect(text.ranges(of: "HTTP/1.1 ").count == 1)
        }
    }

    @Test
    func aSmallBodyNobodyWantedIsSkipped() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                try await client.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
                #expect(try await client.response().body == "/a")
                try await client.send(String(repeating: "x", count: 100_000) + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await client.response().body == "/b")
            }
        }
    }

    @Test
    func aLargeBodyNobodyWantedEndsTheConnectionAfterTheResponse() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                try await client.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\nxxx")
                let response = try await client.response()
                #expect(response.body == "/a")
                #expect(response.headers["connection"] == "close")
                #expect(await client.rest() == "")
            }
        }
    }

    private let expecting = "PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"

    @Test
    func continueIsSentWhenTheBodyIsWanted() async throws {
        try await TestServer.with(answer: Self.echo) { server in
            try await RawClient.with(server.address) { client in
                for _ in 0..<2 {
                    try await client.send(expecting)
                    #expect(try await client.text(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                    try await client.send("abc")
                    #expect(try await client.response().body == "abc")
                }
            }
        }
    }

    @Test
    func continueIsNotSentWhenTheBodyIsAlreadyThere() async throws {
        try await TestServer.with(answer: Self.echo) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(expecting + "abc")
                #expect(try await client.response().status == 200)
            }
        }
    }

    @Test
    func continueIsNotSentWhenTheHandlerAnswersWithoutReading() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                try await client.send(expecting)
                let response = try await client.response()
                #expect(response.status == 200)
                #expect(response.headers["connection"] == "close")
                #expect(await client.rest() == "")
            }
        }
    }

    @Test
    func aBodyIsReadOnlyOnce() async throws {
        let twice: @Sendable (Request) async -> Response = { request in
            _ = try? await request.body.collect(upTo: 10)
            do {
                for try await _ in request.body {}
                return Response(status: .ok)
            } catch {
                return Response(status: .badRequest, body: .bytes(ByteBuffer(string: "\(error)")))
            }
        }
        try await TestServer.with(answer: twice) { server in
            try await RawClient.with(server.address) { client in
                try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
                #expect(try await client.response().body == "\(RequestBodyError.alreadyConsumed)")
            }
        }
        let response = await twice(Request(method: .PUT, target: "/", body: ByteBuffer(string: "abc")))
        #expect(response.status == .badRequest)
    }

    @Test
    func collectingRefusesWhatIsTooLarge() async throws {
        let limited: @Sendable (Request) async -> Response = { request in
            do {
                return Response(status: .ok, body: .bytes(try await request.body.collect(upTo: 4)))
            } catch {
                return Response(status: .payloadTooLarge)
            }
        }
        try await TestServer.with(answer: limited) { server in
            for framing in [
                "Content-Length: 5\r\n\r\nabcde", "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
            ] {
                try await RawClient.with(server.address) { client in
                    try await client.send("PUT / HTTP/1.1\r\nHost: h\r\n" + framing)
                    #expect(try await client.response().status == 413)
                }
            }
        }
    }

    @Test(arguments: [
        ("Content-Length: 5\r\n\r\nabcde", 5),
        ("Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5),
        ("Content-Length: 100000000000000000\r\n\r\n", 0), ("Content-Length: 0\r\n\r\n", 0),
    ])
    func whatArrivedIsCountedAndNotWhatWasAnnounced(framing: String, count: Int64) async throws {
        for answer in [Self.echo, { @Sendable _ in .text("unread") }] {
            try await TestServer.with(answer: answer) { server in
                try await RawClient.with(server.address) { client in
                    try await client.send("PUT / HTTP/1.1\r\nHost: h\r\n" + framing)
                    _ = try await client.response()
                }
                let exchange = await server.handler.nextExchange()
                #expect(exchange?.bytesReceived == count)
            }
        }
    }

    @Test
    func theBodyOfOneRequestIsNotCountedForTheNext() async throws {
        try await TestServer.with(answer: Self.echo) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(
                    "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n"
                )
                for status in [200, 200, 400] { #expect(try await client.response().status == status) }
            }
            for count in [3, 0, 0] { #expect(await server.handler.nextExchange()?.bytesReceived == Int64(count)) }
        }
    }

    @Test
    func aClientIsNotBlamedForHowLongItsReaderTakes() async throws {
        let slow = Gate()
        let handler: @Sendable (Request) async -> Response = { request in
            var text = ""
            do {
                for try await chunk in request.body {
                    text += String(buffer: chunk)
                    await slow.pass()
                }
                return .text(text)
            } catch {
                return .text("\(error)")
            }
        }
        try await TestServer.with(answer: handler) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(expecting)
                // Now it waits, and the deadline runs.
                _ = try await client.text(through: "\r\n\r\n")
                try await client.send("a")
                await slow.isReached()
                try await server.sweep(after: .minutes(5))
                await slow.open()
                try await client.send("bc")
                #expect(try await client.response().body == "abc")
            }
        }
    }

    @Test
    func aReaderOfABodyThatNeverComesIsToldSo() async throws {
        try await TestServer.with(limits { $0.bodyStallTimeout = .milliseconds(100) }, answer: Self.echo) { server in
            try await RawClient.with(server.address) { client in
                try await client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na")
                let response = try await client.response()
                #expect(response.body == "\(RequestBodyError.stalled)")
                #expect(response.headers["connection"] == "close")
            }
        }
    }
}
