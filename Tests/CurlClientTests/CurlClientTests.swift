import CurlClient
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// Every test talks over a real socket to a scripted server.
@Suite struct CurlClientTests {
    private let client = CurlClient(proxies: .none)

    @Test func anAnswerArrivesWithItsStatusHeadersAndBody() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(418, [("X-Many", "one"), ("x-many", "two"), ("Empty", "")], text: "short and stout")
        } _: { server in
            let response = try await client.execute(CurlRequest(url: server.url + "/tea?pot=1"))
            #expect(response.status == 418)
            #expect(response.version == .http1)
            #expect(response.headers.all("X-MANY") == ["one", "two"])
            #expect(response.headers["empty"] == "")
            #expect(response.contentLength == 15)
            #expect(try await response.body.collect(upTo: 100) == ByteBuffer(string: "short and stout"))
            let request = try #require(server.requests.first)
            #expect(request.method == "GET")
            #expect(request.target == "/tea?pot=1")
            #expect(request.header("Accept-Encoding") == "identity")
        }
    }

    @Test func aHeadRequestHasALengthButNoBody() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(length: 1234)
        } _: { server in
            let response = try await client.execute(CurlRequest(url: server.url, method: .head))
            #expect(response.contentLength == 1234)
            #expect(try await response.body.collect(upTo: 10).readableBytes == 0)
        }
    }

    @Test(arguments: [CurlRequest.Method.post, .put])
    func aBodyIsSentWithoutWaitingForLeave(method: CurlRequest.Method) async throws {
        let body = ByteBuffer(repeating: 7, count: 3 << 20)
        try await ScriptedHTTPServer.run { _ in
            .answer(201)
        } _: { server in
            let response = try await client.execute(CurlRequest(url: server.url, method: method, body: body))
            #expect(response.status == 201)
            let request = try #require(server.requests.first)
            #expect(request.method == method.rawValue)
            #expect(request.body == body)
            #expect(request.header("Expect") == nil)
            #expect(request.header("Content-Type") == nil)
        }
    }

    @Test func interimAnswersAreSkipped() async throws {
        try await ScriptedHTTPServer.run { _ in
            .raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        } _: { server in
            let response = try await client.execute(CurlRequest(url: server.url))
            #expect(response.status == 200)
            #expect(response.headers["Link"] == nil)
            #expect(try await response.body.collect(upTo: 2) == ByteBuffer(string: "ok"))
        }
    }

    @Test func aRedirectIsHandedBack() async throws {
        try await ScriptedHTTPServer.run { _ in
            .redirect(to: "http://127.0.0.1:1/")
        } _: { server in
            let response = try await client.execute(CurlRequest(url: server.url))
            #expect(response.status == 307)
            #expect(response.headers["location"] == "http://127.0.0.1:1/")
            #expect(server.requests.count == 1)
        }
    }

    @Test func connectionsAreReused() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(text: "again")
        } _: { server in
            for _ in 0..<5 {
                let response = try await client.execute(CurlRequest(url: server.url))
                _ = try await response.body.collect(upTo: 10)
            }
            #expect(server.requests.count == 5)
            #expect(server.connections == 1)
        }
    }

    @Test func manyTransfersRunAtOnce() async throws {
        let body = ByteBuffer(repeating: 1, count: 300_000)
        try await ScriptedHTTPServer.run { _ in
            .answer(body: body)
        } _: { server in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<64 {
                    group.addTask {
                        let response = try await client.execute(CurlRequest(url: server.url))
                        return try await response.body.collect(upTo: 1 << 20).readableBytes
                    }
                }
                for try await count in group { #expect(count == 300_000) }
            }
        }
    }

    @Test func aLargerBodyThanAllowedIsRefused() async throws {
        try await ScriptedHTTPServer.run { request in
            request.path == "/promised"
                ? .cut(ByteBuffer(), promising: 1001)
                : .answer([("Transfer-Encoding", "chunked")], chunks: 3, of: 400)
        } _: { server in
            for path in ["/promised", "/unannounced"] {
                let response = try await client.execute(CurlRequest(url: server.url + path))
                let error = await #expect(throws: CurlError.self) { try await response.body.collect(upTo: 1000) }
                #expect(error?.code == .tooLarge)
            }
        }
    }

    @Test func aSlowReaderHoldsTheTransferBack() async throws {
        let length = 64 << 20
        let block = ByteBuffer.pattern(count: 1 << 20)
        try await ScriptedHTTPServer.run { _ in
            var steps: [TestResponse.Step] = [.bytes(TestResponse.head(200, [], length: length))]
            steps += Array(repeating: .bytes(block), count: 64)
            return TestResponse(steps: steps)
        } _: { server in
            let response = try await client.execute(CurlRequest(url: server.url))
            let full = CurlBody.highMark - (16 << 10)
            while response.body.highWater < full { try await Task.sleep(for: .milliseconds(1)) }
            var received = 0
            for try await buffer in response.body {
                let offset = received % block.readableBytes
                let room = block.readableBytes - offset
                if buffer.readableBytes <= room {
                    #expect(block.getSlice(at: offset, length: buffer.readableBytes) == buffer)
                }
                received += buffer.readableBytes
            }
            #expect(received == length)
            #expect(response.body.highWater <= CurlBody.highMark)
        }
    }

    @Test func aDroppedBodyEndsTheTransfer() async throws {
        let (gone, signal) = AsyncStream<Void>.makeStream()
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [
                .bytes(TestResponse.head(200, [], length: 100)), .hang, .wait { signal.finish() },
            ])
        } _: { server in
            let status = try await client.execute(CurlRequest(url: server.url)).status
            #expect(status == 200)
            for await _ in gone {}
        }
    }

    @Test func aCancelledTaskEndsTheTransfer() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        let (gone, signal) = AsyncStream<Void>.makeStream()
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [.wait { arrival.finish() }, .hang, .wait { signal.finish() }])
        } _: { server in
            async let outcome = codeOf { try await client.execute(CurlRequest(url: server.url)) }
            for await _ in arrived {}
            let cancelled = await withTaskGroup(of: CurlError.Code?.self) { group in
                group.addTask { await codeOf { try await client.execute(CurlRequest(url: server.url)) } }
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(cancelled == .cancelled)
            await client.shutdown()
            #expect(await outcome == .cancelled)
            for await _ in gone {}
            #expect(await codeOf { try await client.execute(CurlRequest(url: server.url)) } == .cancelled)
        }
    }

    /// What failed before it had a connection leaves nothing behind that the next one meets.
    @Test func afterANameThatDoesNotResolveOthersAreAskedAsBefore() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(200, text: "here")
        } _: { server in
            let client = CurlClient(proxies: .none)
            for round in 0..<4 {
                #expect(
                    await codeOf { try await client.execute(CurlRequest(url: "http://n\(round).invalid/")) } == .resolve
                )
                let response = try await client.execute(CurlRequest(url: server.url))
                #expect(String(buffer: try await response.body.collect(upTo: 100)) == "here")
            }
        }
    }

    @Test func plainRequestsGoThroughTheProxy() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(text: "proxied")
        } _: { proxy in
            let client = CurlClient(proxies: CurlProxies(http: proxy.url, exceptions: "direct.invalid"))
            let response = try await client.execute(CurlRequest(url: "http://registry.invalid/v2/"))
            #expect(try await response.body.collect(upTo: 10) == ByteBuffer(string: "proxied"))
            #expect(proxy.requests.first?.target == "http://registry.invalid/v2/")
            #expect(await codeOf { try await client.execute(CurlRequest(url: "http://direct.invalid/")) } == .resolve)
        }
    }

    @Test(arguments: [
        ("Evil", "a\r\nInjected: b"), ("Evil", "a\u{0}b"), ("Ev il", "a"), ("", "a"), ("Evil:", "a"),
    ])
    func aHeaderThatSmugglesAnotherIsRefused(name: String, value: String) async {
        var headers = CurlHeaders()
        headers.append(name, value)
        let request = CurlRequest(url: "http://127.0.0.1:1/", headers: headers)
        #expect(await codeOf { try await client.execute(request) } == .invalidRequest)
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1/x", "http://", "http:///x", "http://user:pw@127.0.0.1/",
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "gopher://x", "",
    ])
    func onlyHTTPURLsAreAsked(url: String) async {
        #expect(await codeOf { try await client.execute(CurlRequest(url: url)) } == .invalidRequest)
    }
}

func codeOf(_ work: () async throws -> CurlResponse) async -> CurlError.Code? {
    do {
        _ = try await work()
        return nil
    } catch {
        return (error as? CurlError)?.code ?? .other(-1)
    }
}

extension TestResponse {
    fileprivate static func answer(_ headers: [(String, String)], chunks: Int, of size: Int) -> TestResponse {
        var text = ""
        for _ in 0..<chunks { text += String(size, radix: 16) + "\r\n" + String(repeating: "x", count: size) + "\r\n" }
        return .answer(200, headers, text: text + "0\r\n\r\n")
    }
}
