import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPServer

struct RequestHeadParserTests {
    private func parse(_ text: String, maxBytes: Int = 32 * 1024) throws(RequestError) -> RequestHead? {
        var parser = RequestHeadParser()
        var buffer = ByteBuffer(string: text)
        return try parser.next(from: &buffer, maxBytes: maxBytes)
    }

    @Test
    func aRequestIsTakenApart() throws {
        let head = try #require(
            try parse("PUT /v2/a%20b?x=1?y HTTP/1.1\r\nHost: h:80\r\nContent-Length: 12\r\nA: \t b c \r\n\r\n"))
        #expect(head.method == .PUT)
        #expect(head.target == "/v2/a%20b?x=1?y")
        #expect(head.path == "/v2/a%20b")
        #expect(head.query == "x=1?y")
        #expect(head.framing == .length(12))
        #expect(head.headers["a"] == ["b c"])
        #expect(head.keepsAlive)
    }

    @Test(arguments: [
        ("GET http://h/p?q HTTP/1.1", "/p?q"), ("GET HTTP://h HTTP/1.1", "/"), ("GET https://h:1/ HTTP/1.1", "/"),
        ("GET http://h?q HTTP/1.1", "/?q"), ("OPTIONS * HTTP/1.1", "*"), ("GET / HTTP/1.1", "/"),
        ("GET //a/../b HTTP/1.1", "//a/../b"),
    ])
    func targetsAreReducedToOriginForm(line: String, target: String) throws {
        #expect(try parse(line + "\r\nHost: h\r\n\r\n")?.target == target)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", RequestHead.Framing.none),
        ("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", .none),
        ("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", .length(5)),
        ("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n", .chunked),
    ])
    func framingFollowsTheFields(text: String, framing: RequestHead.Framing) throws {
        #expect(try parse(text)?.framing == framing)
    }

    static let malformed: [String] = [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\tfolded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n: no name\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: b\u{0}c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\n\n",
        "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /\u{7f} HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /\u{1} HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /é HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /#f HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET a/b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http:///p HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://u@h/p HTTP/1.1\r\nHost: h\r\n\r\n",
        "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /\r\nHost: h\r\n\r\n",
        "G{T / HTTP/1.1\r\nHost: h\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1x\r\nHost: h\r\n\r\n",
        "GET / http/1.1\r\nHost: h\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\n",
        "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    ]

    @Test(arguments: malformed)
    func whatTwoParsersCouldReadDifferentlyIsRefused(text: String) {
        do throws(RequestError) {
            let head = try parse(text)
            Issue.record("accepted: \(String(describing: head))")
        } catch {
            guard case .malformedRequest = error else {
                Issue.record("refused otherwise: \(error)")
                return
            }
        }
    }

    @Test(arguments: [
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", RequestError.unsupportedVersion),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .unsupportedTransferCoding),
        ("GET / HTTP/1.1\r\nHost: h\r\n\(manyFields)\r\n", .headersTooLarge),
        ("GET / HTTP/1.1\r\nA: \(long)", .headersTooLarge),
        ("GET /\(long) HTTP/1.1\r\nHost: h\r\n\r\n", .headersTooLarge),
    ])
    func otherRefusalsSayWhich(text: String, refusal: RequestError) {
        do throws(RequestError) {
            let head = try parse(text)
            Issue.record("accepted: \(String(describing: head))")
        } catch {
            #expect(error == refusal)
        }
    }

    static let manyFields = String(repeating: "A: b\r\n", count: 128)
    static let long = String(repeating: "x", count: 40_000)

    @Test
    func everySplitOfAHeadParsesAlike() throws {
        let text = "\r\nGET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\nrest"
        let whole = try parse(text)
        for cut in 0...text.utf8.count {
            var parser = RequestHeadParser()
            var buffer = ByteBuffer(bytes: text.utf8.prefix(cut))
            var head = try parser.next(from: &buffer, maxBytes: 1024)
            buffer.writeBytes(text.utf8.dropFirst(cut))
            if head == nil { head = try parser.next(from: &buffer, maxBytes: 1024) }
            #expect(head == whole)
            #expect(String(buffer: buffer) == "rest")
        }
    }

    @Test
    func noBytesCrashIt() {
        var generator = SplitMix(state: 7)
        let alphabet = Array("GET /HTP1.0\r\n\r\n: ahost\t\u{0}".utf8)
        for _ in 0..<20_000 {
            let count = Int(generator.next() % 80)
            var buffer = ByteBuffer(
                bytes: (0..<count).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] })
            var parser = RequestHeadParser()
            _ = try? parser.next(from: &buffer, maxBytes: 64)
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
