import HTTPServer
import NIOCore
import NIOHTTP1
import Testing

@Suite(.timeLimit(.minutes(1)))
struct KeepAliveTests {
    @Test
    func aConnectionCarriesManyRequests() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                for number in 0..<5 {
                    try await client.send("GET /\(number)?q HTTP/1.1\r\nHost: h\r\n\r\n")
                    let response = try await client.response()
                    #expect(response.status == 200)
                    #expect(response.body == "/\(number)")
                    #expect(response.headers["content-length"] == "2")
                    #expect(response.headers["connection"] == nil)
                    #expect(response.headers["server"] == "entrepot")
                    #expect(response.headers["date"]?.hasSuffix(" GMT") == true)
                }
            }
        }
    }

    @Test
    func pipelinedRequestsAreAnsweredInOrder() async throws {
        let slowFirst: @Sendable (Request) async -> Response = { request in
            if request.path == "/0" { try? await Task.sleep(for: .milliseconds(20)) }
            return .text(request.path)
        }
        try await TestServer.with(answer: slowFirst) { server in
            try await RawClient.with(server.address) { client in
                try await client.send((0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
                for number in 0..<20 { #expect(try await client.response().body == "/\(number)") }
            }
        }
    }

    @Test
    func aHeadMayArriveByteByByte() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                for byte in "\r\nGET /slow HTTP/1.1\r\nHost: h\r\n\r\n" { try await client.send(String(byte)) }
                #expect(try await client.response().body == "/slow")
            }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close"),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, CLOSE\r\n\r\n", "close"),
        ("GET / HTTP/1.0\r\n\r\n", "close"),
    ])
    func theLastResponseSaysSoAndTheConnectionCloses(request: String, field: String) async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                try await client.send(request)
                #expect(try await client.response().headers["connection"] == field)
                #expect(await client.rest() == "")
            }
        }
    }

    @Test
    func anOldClientMayAskToKeepTheConnection() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                for _ in 0..<2 {
                    try await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    #expect(try await client.response().headers["connection"] == "keep-alive")
                }
            }
        }
    }

    @Test(arguments: [("abc-1._Z", true), ("has blank", false), (String(repeating: "x", count: 65), false)])
    func aWellFormedRequestIDOfATrustedProxyIsKept(id: String, isKept: Bool) async throws {
        try await TestServer.with(limits { $0.trustedProxies = TrustedProxies { _ in true } }) { server in
            try await RawClient.with(server.address) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: \(id)\r\n\r\n")
                let echoed = try #require(try await client.response().headers["x-request-id"])
                #expect((echoed == id) == isKept)
                #expect(!echoed.isEmpty)
                let exchange = await server.handler.nextExchange()
                #expect(exchange?.requestID == echoed)
                #expect(exchange?.request?.id == echoed)
            }
        }
    }

    @Test(arguments: [nil, TrustedProxies { _ in false }])
    func nobodyElseChoosesTheRequestID(proxies: TrustedProxies?) async throws {
        try await TestServer.with(limits { $0.trustedProxies = proxies }) { server in
            try await RawClient.with(server.address) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: somebody-elses\r\n\r\n")
                let echoed = try #require(try await client.response().headers["x-request-id"])
                #expect(echoed.count == 13)
                #expect(echoed != "somebody-elses")
            }
        }
    }

    @Test
    func aClientThatOnlySendsAndClosesItsSideIsAnswered() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                try await client.send("GET /bye HTTP/1.1\r\nHost: h\r\n\r\n")
                try await client.finishSending()
                #expect(try await client.response().body == "/bye")
                #expect(await client.rest() == "")
            }
        }
    }
}
