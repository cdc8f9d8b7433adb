import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1)))
struct LimitTests {
    private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test
    func aMalformedRequestIsRefusedAndEndsTheConnection() async throws {
        try await TestServer.with { server in
            let text = try await server.exchange("GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n" + get)
            #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(text.contains("Connection: close\r\n"))
            #expect(text.ranges(of: "HTTP/1.1 ").count == 1)
            let exchange = await server.handler.nextExchange()
            #expect(exchange?.request == nil)
            #expect(exchange?.status == .badRequest)
        }
    }

    @Test
    func requestsBeforeAMalformedOneAreAnswered() async throws {
        try await TestServer.with { server in
            let text = try await server.exchange(get + "nonsense\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.contains("HTTP/1.1 400 Bad Request\r\n"))
        }
    }

    @Test
    func anEndlessHeadIsRefused() async throws {
        try await TestServer.with(limits { $0.maxHeaderBytes = 1000 }) { server in
            let text = try await server.exchange("GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 100_000))
            #expect(text.hasPrefix("HTTP/1.1 431 "))
        }
    }

    @Test
    func tooManyRequestsAtOnceAreTurnedAwayAndTheConnectionStays() async throws {
        let gate = Gate()
        let waiting: @Sendable (Request) async -> Response = { request in
            if request.path == "/wait" { await gate.pass() }
            return .text(request.path)
        }
        try await TestServer.with(limits { $0.maxConcurrentRequests = 1 }, answer: waiting) { server in
            try await RawClient.with(server.address) { first in
                try await first.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
                await gate.isReached()
                try await RawClient.with(server.address) { second in
                    try await second.send(get)
                    let refused = try await second.response()
                    #expect(refused.status == 503)
                    #expect(refused.headers["retry-after"] == "1")
                    await gate.open()
                    #expect(try await first.response().body == "/wait")
                    _ = await server.handler.nextExchange()
                    try await first.send(get)
                    #expect(try await first.response().status == 200)
                    try await second.send("GET /again HTTP/1.1\r\nHost: h\r\n\r\n")
                    #expect(try await second.response().status == 200)
                }
            }
        }
    }

    @Test
    func anAnsweredRequestWhoseBodyDripsKeepsNobodyWaiting() async throws {
        let change = limits {
            $0.maxConcurrentRequests = 1
            $0.maxWaitingRequests = 1
        }
        try await TestServer.with(change) { server in
            try await RawClient.with(server.address) { slow in
                try await slow.send("GET /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\nx")
                #expect(try await slow.response().body == "/slow")
                try await RawClient.with(server.address) { other in
                    try await other.send(get)
                    #expect(try await other.response().status == 200)
                }
                // However it goes on, it has no longer than a moment.
                try await server.sweep(after: .seconds(6))
                #expect(await slow.rest() == "")
            }
            let paths = [await server.handler.nextExchange(), await server.handler.nextExchange()].map {
                $0?.request?.path
            }
            #expect(paths == ["/", "/slow"])
        }
    }

    @Test
    func aBodyOfWhichNothingIsWantedMayFollowItsResponse() async throws {
        try await TestServer.with { server in
            try await RawClient.with(server.address) { client in
                try await client.send("GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nx")
                #expect(try await client.response().body == "/a")
                try await server.sweep(after: .seconds(4))
                try await client.send("yz!GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await client.response().body == "/b")
            }
        }
    }

    @Test
    func connectionsBeyondTheLimitAreClosedAndTheListenerGoesOn() async throws {
        try await TestServer.with(limits { $0.maxConnections = 1 }) { server in
            try await RawClient.with(server.address) { first in
                try await first.send(get)
                #expect(try await first.response().status == 200)
                for _ in 0..<3 { #expect(try await server.exchange(get) == "") }
                try await first.send(get)
                #expect(try await first.response().status == 200)
            }
            // The place is free again once the server has seen the first client leave.
            while try await server.exchange("GET / HTTP/1.0\r\n\r\n").isEmpty { await Task.yield() }
        }
    }

    @Test
    func aHeadThatDripsIsCutOff() async throws {
        try await TestServer.with(limits { $0.headerTimeout = .milliseconds(200) }) { server in
            try await RawClient.with(server.address) { client in
                try await client.send("GET / HTTP/1.1\r\n")
                for _ in 0..<1000 {
                    do { try await client.send("A: b\r\n") } catch { break }
                    try await Task.sleep(for: .milliseconds(10))
                    if server.handler.finishedCount > 0 { break }
                }
                let text = await client.rest()
                #expect(text.hasPrefix("HTTP/1.1 408 ") || text.isEmpty)
            }
            #expect(await server.handler.nextExchange()?.status == .requestTimeout)
        }
    }

    @Test
    func aConnectionWithoutRequestsIsClosed() async throws {
        try await TestServer.with(limits { $0.idleTimeout = .seconds(2) }) { server in
            let text = try await server.exchange("")
            #expect(text == "")
            try await RawClient.with(server.address) { client in
                try await client.send(get)
                #expect(try await client.response().headers["connection"] == nil)
                #expect(await client.rest() == "")
            }
        }
    }

    @Test
    func `what a limit of a silent connection comes on top of is less than ten seconds`() {
        // Limits are looked at once a second at least, and a last answer may take a while to be read.
        #expect(HTTPServerConfiguration.test.sweepInterval <= .seconds(1))
        #expect(HTTPServerConfiguration.lingerTimeout <= .seconds(9))
    }

    @Test
    func anOldConnectionClosesWithItsResponse() async throws {
        let gate = Gate()
        let waiting: @Sendable (Request) async -> Response = { _ in
            await gate.pass()
            return .text("late")
        }
        // The grace is longer than any machine takes for what follows.
        let change = limits {
            $0.connectionAge = .seconds(2)
            $0.connectionAgeGrace = .seconds(600)
        }
        try await TestServer.with(change, answer: waiting) { server in
            try await RawClient.with(server.address) { client in
                try await client.send(get)
                try await Task.sleep(for: .milliseconds(2500))
                await gate.open()
                #expect(try await client.response().headers["connection"] == "close")
                #expect(await client.rest() == "")
            }
        }
    }

    @Test
    func aRequestHasItsTimeHoweverOldItsConnectionIs() async throws {
        let gate = Gate()
        let waiting: @Sendable (Request) async -> Response = { _ in
            await gate.pass()
            return .text("late")
        }
        let change = limits {
            $0.connectionAge = .seconds(100)
            $0.connectionAgeGrace = .seconds(50)
        }
        try await TestServer.with(change, answer: waiting) { server in
            try await RawClient.with(server.address) { client in
                await server.isConnected()
                try await server.onConnections { $0.birth = $0.birth - .seconds(90) }
                try await client.send(get)
                await gate.isReached()
                // Old from here on, and more than the grace older at the second look.
                try await server.sweep(after: .seconds(15))
                try await server.sweep(after: .seconds(120))
                await gate.open()
                let response = try await client.response()
                #expect(response.body == "late")
                #expect(response.headers["connection"] == "close")
                #expect(await client.rest() == "")
            }
            #expect(await server.handler.nextExchange()?.outcome == .complete)
        }
    }

    @Test
    func aRequestThatTakesTooLongIsCutByTheServerAndSaidToBe() async throws {
        let gate = Gate()
        let waiting: @Sendable (Request) async -> Response = { request in
            if request.path == "/wait" { await gate.pass() }
            return .text(request.path)
        }
        let change = limits {
            $0.connectionAge = .seconds(100)
            $0.connectionAgeGrace = .seconds(50)
        }
        try await TestServer.with(change, answer: waiting) { server in
            try await RawClient.with(server.address) { client in
                try await client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
                await gate.isReached()
                try await server.sweep(after: .seconds(151))
                #expect(await client.rest() == "")
                await gate.open()
            }
            #expect(await server.handler.nextExchange()?.outcome == .failed)
        }
    }

    @Test
    func aRequestBeyondItsTimeIsCutWithoutAnybodyLooking() async throws {
        let change: @Sendable (inout HTTPServerConfiguration) -> Void = {
            $0.connectionAge = .milliseconds(50)
            $0.connectionAgeGrace = .milliseconds(50)
        }
        let waiting: @Sendable (Request) async -> Response = { _ in
            try? await Task.sleep(for: .seconds(50))
            return .text("never")
        }
        try await TestServer.with(change, answer: waiting) { server in
            // A connection that is old before its request has arrived closes without one.
            while server.handler.finishedCount == 0 {
                let text = try await server.exchange(get)
                #expect(text == "")
            }
            #expect(await server.handler.nextExchange()?.outcome == .failed)
        }
    }

    @Test(arguments: [false, true])
    func aClientThatTakesNothingIsCut(isFile: Bool) async throws {
        let file = try TemporaryFile(count: isFile ? 30_000_000 : 1)
        let big = ByteBuffer(repeating: 1, count: isFile ? 1 : 30_000_000)
        let response = Response(status: .ok, body: isFile ? .file(file.all) : .bytes(big))
        try await TestServer.with(limits { $0.writeStallTimeout = .milliseconds(300) }, answer: always(response)) {
            server in
            try await RawClient.with(server.address, receiveBuffer: 20_000) { client in
                try await client.send(get)
                let exchange = await server.handler.nextExchange()
                #expect(exchange?.outcome == .clientLeft)
                #expect(await client.rest().utf8.count < 30_000_000)
            }
        }
    }

    @Test
    func aSlowClientThatTakesSomethingIsServedToTheEnd() async throws {
        let file = try TemporaryFile(count: 6_000_000)
        let response = Response(status: .ok, body: .file(file.all))
        try await TestServer.with(limits { $0.writeStallTimeout = .seconds(2) }, answer: always(response)) {
            server in
            try await RawClient.with(server.address, receiveBuffer: 20_000) { client in
                try await client.send(get)
                _ = try await client.text(through: "\r\n\r\n")
                var count = 0
                while count < 6_000_000 {
                    let step = min(1_000_000, 6_000_000 - count)
                    count += try await client.text(count: step).utf8.count
                    try await Task.sleep(for: .milliseconds(500))
                }
                #expect(await server.handler.nextExchange()?.outcome == .complete)
            }
        }
    }
}
