import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import CurlClient

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct CurlThreadTests {
    @Test func withoutAThreadARequestFailsAndTheNextTriesAgain() async throws {
        let launches = NIOLockedValueBox(0)
        let thread = CurlThread { thread in
            let launch = launches.withLockedValue { count in
                count += 1
                return count
            }
            return launch < 3 ? EAGAIN : CurlThread.launch(thread)
        }
        let client = CurlClient(proxies: .none, thread: thread)
        try await ScriptedHTTPServer.run { _ in
            .answer(text: "at last")
        } _: { server in
            for _ in 0..<2 {
                let error = await #expect(throws: CurlError.self) {
                    try await client.execute(CurlRequest(url: server.url))
                }
                #expect(error?.message.hasPrefix("no thread for libcurl: ") == true)
            }
            let response = try await client.execute(CurlRequest(url: server.url))
            #expect(try await response.body.collect(upTo: 100) == ByteBuffer(string: "at last"))
        }
        await client.shutdown()
        #expect(launches.withLockedValue { $0 } == 3)
    }

    @Test func aClientThatIsShutDownWhileItsThreadFailsToStartEnds() async {
        let thread = CurlThread { thread in
            thread.stop()
            return EAGAIN
        }
        let client = CurlClient(proxies: .none, thread: thread)
        await #expect(throws: CurlError.self) { try await client.execute(CurlRequest(url: "http://127.0.0.1:1/")) }
        await client.shutdown()
    }
}
