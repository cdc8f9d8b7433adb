import CurlClient
import NIOCore
import TestSupport
import Testing

/// Each way a transfer fails has its own code.
@Suite struct CurlErrorTests {
    private let client = CurlClient(proxies: .none)

    private func failure(_ url: String, _ settings: CurlSettings = CurlSettings()) async -> CurlError? {
        do throws(CurlError) {
            let response = try await client.execute(CurlRequest(url: url, settings: settings))
            for try await _ in response.body {}
            return nil
        } catch {
            return error
        }
    }

    @Test func nobodyListens() async {
        let error = await failure("http://127.0.0.1:1/v2/?X-Amz-Signature=secret")
        #expect(error?.code == .connect)
        #expect(error?.host == "127.0.0.1:1")
        #expect(!"\(String(describing: error)) \(String(reflecting: error))".contains("secret"))
    }

    @Test func theNameHasNoAddress() async {
        #expect(await failure("http://nowhere.invalid/")?.code == .resolve)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.", CurlError.Code.cutShort),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nten bytes.\r\n", .cutShort),
        ("", .cutShort),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", .invalidResponse),
        ("SSH-2.0-OpenSSH_9.2p1 Debian\r\n", .invalidResponse),
        ("HTTP/1.1 099 What\r\n\r\n", .invalidResponse),
    ])
    func aBrokenAnswer(answer: String, code: CurlError.Code) async throws {
        try await ScriptedHTTPServer.run { _ in
            .raw(answer)
        } _: { server in
            #expect(await failure(server.url)?.code == code)
        }
    }

    @Test func bytesBeforeTheCutAreDelivered() async throws {
        try await ScriptedHTTPServer.run { _ in
            .cut(ByteBuffer(string: "first half"), promising: 20)
        } _: { server in
            let response = try await client.execute(CurlRequest(url: server.url))
            var received = ByteBuffer()
            let error = await #expect(throws: CurlError.self) {
                for try await var buffer in response.body { received.writeBuffer(&buffer) }
            }
            #expect(error?.code == .cutShort)
            #expect(received == ByteBuffer(string: "first half"))
        }
    }

    @Test func endlessHeadersAreCutOff() async throws {
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [
                .bytes(ByteBuffer(string: "HTTP/1.1 200 OK\r\n")), .endless(ByteBuffer(string: "X-More: and more\r\n")),
            ])
        } _: { server in
            #expect(await failure(server.url)?.code == .tooManyHeaders)
        }
    }

    @Test func aStalledBodyIsGivenUp() async throws {
        let settings = CurlSettings(stall: .init(bytesPerSecond: 1000, window: .seconds(1)))
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [
                .bytes(TestResponse.head(200, [], length: 1 << 20)),
                .drip(ByteBuffer(repeating: 0, count: 1 << 20), size: 1, every: .milliseconds(100)),
            ])
        } _: { server in
            #expect(await failure(server.url, settings)?.code == .stalled)
        }
    }

    @Test func anAnswerThatNeverBeginsIsGivenUp() async throws {
        let settings = CurlSettings(stall: .init(bytesPerSecond: 1, window: .seconds(1)))
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [.hang])
        } _: { server in
            #expect(await failure(server.url, settings)?.code == .stalled)
        }
    }

    @Test func theWholeTransferHasALimit() async throws {
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [.hang])
        } _: { server in
            let settings = CurlSettings(totalTimeout: .milliseconds(50))
            #expect(await failure(server.url, settings)?.code == .timedOut)
        }
    }

    /// What a server sends before it falls silent: nothing, or the beginning of a TLS record that never ends.
    @Test(arguments: [[], [0x16, 0x03, 0x03, 0x40, 0x00, 0x02]] as [[UInt8]])
    func aHandshakeThatNeverEndsIsAConnectTimeout(opening: [UInt8]) async throws {
        try await SilentServer.run(opening: ByteBuffer(bytes: opening)) { port in
            let settings = CurlSettings(connectTimeout: .milliseconds(200))
            #expect(await failure("https://127.0.0.1:\(port)/", settings)?.code == .connectTimeout)
        }
    }

    @Test func aTotalLimitThatEndsTheHandshakeIsToldAsItself() async throws {
        try await SilentServer.run(opening: ByteBuffer()) { port in
            let settings = CurlSettings(connectTimeout: .seconds(60), totalTimeout: .milliseconds(200))
            #expect(await failure("https://127.0.0.1:\(port)/", settings)?.code == .timedOut)
        }
    }

    @Test func whatIsNotTLSIsAFailedHandshake() async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(text: "plain")
        } _: { server in
            let url = server.url.replacing("http:", with: "https:")
            let code = await failure(url)?.code
            // The server takes the handshake for a malformed request and hangs up.
            #expect(code == .tls(.handshake))
        }
    }
}
