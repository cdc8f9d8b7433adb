import HTTPServer
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ResponseTests {
    private func get(_ version: String = "1.1", method: String = "GET") -> String {
        "\(method) / HTTP/\(version)\r\nHost: h\r\n\r\n"
    }

    @Test(arguments: [(0, 0), (0, 1), (5, 32 * 1024), (7, 32 * 1024 + 1), (1, 3_000_000), (2_999_999, 1)])
    func filesArriveByteExact(offset: Int, length: Int) async throws {
        let file = try TemporaryFile(count: 3_000_001)
        let response = Response(status: .ok, body: .file(file.slice(offset, length)))
        try await TestServer.with(answer: always(response)) { server in
            try await RawClient.with(server.address) { client in
                for _ in 0..<2 {
                    try await client.send(get())
                    let response = try await client.response()
                    #expect(response.headers["content-length"] == "\(length)")
                    #expect(response.headers["x-content-type-options"] == "nosniff")
                    #expect(response.body == file.expected(offset, length))
                }
                let exchange = await server.handler.nextExchange()
                #expect(exchange?.bytesSent == Int64(length))
                #expect(exchange?.outcome == .complete)
            }
        }
    }

    @Test(arguments: [0, 10, 100_000, 5_000_000])
    func bytesArriveWhole(count: Int) async throws {
        let text = String(repeating: "x", count: count)
        try await TestServer.with(answer: always(.text(text))) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get() + get())
                #expect(try await client.response().body == text)
                #expect(try await client.response().body == text)
            }
        }
    }

    @Test(arguments: [Int64?.none, 400_010])
    func streamsMixMemoryAndFiles(length: Int64?) async throws {
        let file = try TemporaryFile(count: 400_000)
        let response = Response(
            status: .ok,
            body: .stream(length: length) { writer in
                try await writer.write(ByteBuffer(string: "hello"))
                try await writer.write(ByteBuffer())
                try await writer.write(file.all)
                try await writer.write(ByteBuffer(string: "world"))
            })
        try await TestServer.with(answer: always(response)) { server in
            try await RawClient.with(server.address) { client in
                for _ in 0..<2 {
                    try await client.send(get())
                    let response = try await client.response()
                    #expect(response.body == "hello" + file.text + "world")
                    #expect(response.headers["transfer-encoding"] == (length == nil ? "chunked" : nil))
                }
            }
            let old = try await server.exchange(get("1.0"))
            #expect(old.hasSuffix("\r\n\r\nhello" + file.text + "world"))
            #expect(!old.contains("chunked"))
            #expect(old.contains("Connection: close\r\n"))
        }
    }

    static let bodies: [ResponseBody] = [
        .empty, .bytes(ByteBuffer(string: "abc")), .stream(length: 7) { _ in Issue.record("called for HEAD") },
        .stream(length: nil) { _ in Issue.record("called for HEAD") },
    ]

    @Test(arguments: bodies.indices)
    func headSaysWhatGetWouldAndSendsNoBody(index: Int) async throws {
        let response = Response(status: .ok, headers: ["X": "y"], body: Self.bodies[index])
        try await TestServer.with(answer: always(response)) { server in
            try await RawClient.with(server.address) { client in
                for _ in 0..<2 {
                    try await client.send(get(method: "HEAD"))
                    let head = try await client.response(bodiless: true)
                    #expect(head.headers["x"] == "y")
                    #expect(head.headers["content-length"] == response.body.length.map { "\($0)" })
                    #expect(head.headers["transfer-encoding"] == (response.body.length == nil ? "chunked" : nil))
                }
            }
        }
    }

    static let bodiless: [(HTTPResponseStatus, String?, String?)] = [
        (.noContent, "9", nil), (.notModified, "9", "9"), (.notModified, nil, nil),
    ]

    @Test(arguments: bodiless)
    func bodilessStatusesHaveNone(status: HTTPResponseStatus, declared: String?, kept: String?) async throws {
        var response = Response(status: status, body: .bytes(ByteBuffer(string: "surplus")))
        if let declared { response.headers.add(name: "Content-Length", value: declared) }
        let answer = response
        try await TestServer.with(answer: always(answer)) { server in
            try await RawClient.with(server.address) { client in
                for _ in 0..<2 {
                    try await client.send(get())
                    let head = try await client.response(bodiless: true)
                    #expect(head.status == Int(status.code))
                    #expect(head.headers["content-length"] == kept)
                }
            }
        }
    }

    @Test
    func fieldsOfTheEdgeAreReplacedAndLineBreaksDefused() async throws {
        let response = Response(
            status: .ok,
            headers: [
                "Content-Length": "99", "Transfer-Encoding": "gzip", "Connection": "x", "Date": "never",
                "Injected": "a\r\nEvil: b", "Bad Name": "x",
            ], body: .bytes(ByteBuffer(string: "abc")))
        try await TestServer.with(answer: always(response)) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get())
                let head = try await client.response()
                #expect(head.body == "abc")
                #expect(head.headers["injected"] == "a  Evil: b")
                #expect(head.headers["evil"] == nil)
                #expect(head.headers["bad name"] == nil)
                #expect(head.headers["transfer-encoding"] == nil)
            }
        }
    }

    struct Broken: Error {}

    static let cut: [@Sendable (BodyWriter) async throws -> Void] = [
        { writer in
            try await writer.write(ByteBuffer(string: "abc"))
            throw Broken()
        },
        { writer in try await writer.write(ByteBuffer(string: "abc")) },
        { writer in
            try await writer.write(ByteBuffer(string: "abc"))
            try await writer.write(ByteBuffer(string: "defghijklm"))
        },
        { writer in
            let file = try TemporaryFile(count: 100_000)
            try await writer.write(ByteBuffer(string: "abc"))
            try await writer.write(file.slice(99_999, 7))
        },
    ]

    @Test(arguments: cut.indices)
    func aBodyThatIsNotWhatWasAnnouncedCutsTheConnection(index: Int) async throws {
        let response = Response(status: .ok, body: .stream(length: 10, Self.cut[index]))
        try await TestServer.with(answer: always(response)) { server in
            let text = try await server.exchange(get() + get())
            #expect(text.hasSuffix("\r\n\r\nabc"))
            #expect(text.contains("Content-Length: 10\r\n"))
            let exchange = await server.handler.nextExchange()
            #expect(exchange?.outcome == .failed)
            #expect(exchange?.bytesSent == 3)
        }
    }

    @Test
    func aFailedChunkedBodyHasNoLastChunk() async throws {
        let response = Response(status: .ok, body: .stream(length: nil, Self.cut[0]))
        try await TestServer.with(answer: always(response)) { server in
            let text = try await server.exchange(get())
            #expect(text.hasSuffix("\r\n\r\n3\r\nabc\r\n"))
        }
    }

    @Test
    func aFileThatShrankCutsTheConnection() async throws {
        let file = try TemporaryFile(count: 200_000)
        let slice = file.all
        file.truncate(to: 1000)
        try await TestServer.with(answer: always(Response(status: .ok, body: .file(slice)))) { server in
            let text = try await server.exchange(get())
            #expect(!text.contains(file.expected(0, 100)) || text.utf8.count < 200_000)
            #expect(await server.handler.nextExchange()?.outcome == .failed)
        }
    }

    @Test
    func aWriterKeptBeyondItsResponseIsRefused() async throws {
        let (writers, keep) = AsyncStream<BodyWriter>.makeStream()
        let response = Response(status: .ok, body: .stream(length: 0) { writer in keep.yield(writer) })
        try await TestServer.with(answer: always(response)) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get())
                #expect(try await client.response().body == "")
                let writer = try #require(await writers.first { _ in true })
                await #expect(throws: BodyWriteError.responseFinished) {
                    try await writer.write(ByteBuffer(string: "late"))
                }
            }
        }
    }
}
