import Testing

@testable import CurlClient

@Suite struct ResponseHeadTests {
    /// Feeds line by line, as libcurl does, until something other than "more" comes back.
    private func feed(
        _ lines: [String], limit: Int = 1 << 10
    ) -> (outcome: ResponseHead.Outcome, taken: Int, head: ResponseHead) {
        var head = ResponseHead()
        for (index, line) in lines.enumerated() {
            let outcome = Array((line + "\r\n").utf8).withUnsafeBytes { head.append(line: $0, limit: limit) }
            if outcome != .more { return (outcome, index + 1, head) }
        }
        return (.more, lines.count, head)
    }

    @Test func fieldsKeepTheirOrderAndLoseTheirPadding() {
        let (outcome, taken, head) = feed(["HTTP/1.1 200 OK", "B: \t two words \t", "a:1", "b: second", "Empty:", ""])
        #expect(outcome == .complete)
        #expect(taken == 6)
        #expect(head.isComplete)
        #expect(head.status == 200)
        #expect(head.version == .http1)
        #expect(head.headers.map(\.name) == ["B", "a", "b", "Empty"])
        #expect(head.headers.map(\.value) == ["two words", "1", "second", ""])
    }

    @Test(arguments: [
        ("HTTP/1.0 200 OK", CurlResponse.Version.http1, 200), ("HTTP/1.1 404", .http1, 404),
        ("HTTP/2 206 ", .http2, 206), ("HTTP/2 599", .http2, 599),
    ])
    func statusLines(line: String, version: CurlResponse.Version, status: Int) {
        let head = feed([line, ""]).head
        #expect(head.isComplete)
        #expect(head.version == version)
        #expect(head.status == status)
    }

    @Test(arguments: [
        ["HTTP/1.1"], ["HTTP/1.1 20"], ["HTTP/1.1 2000 OK"], ["HTTP/1.1 abc OK"], ["HTTP/1.1 099 OK"], ["HTTP/1.1 -20"],
        ["HTTP/1.1 200 OK", "no colon"], ["HTTP/1.1 200 OK", "a: 1", " folded"], ["HTTP/1.1 200 OK", "\tfolded: x"],
    ])
    func whatIsNoHeadIsMalformed(lines: [String]) {
        let (outcome, taken, head) = feed(lines + [""])
        #expect(outcome == .malformed)
        #expect(taken == lines.count)
        #expect(!head.isComplete)
    }

    @Test func interimResponsesLeaveNothingBehind() {
        let (outcome, _, head) = feed(
            ["HTTP/1.1 100 Continue", "", "HTTP/1.1 103 Early Hints", "Link: </x>", "", "HTTP/1.1 200 OK", "A: 1", ""])
        #expect(outcome == .complete)
        #expect(head.status == 200)
        #expect(head.headers.map(\.name) == ["A"])
    }

    @Test func trailersAreDroppedButCounted() {
        var (_, _, head) = feed(["HTTP/1.1 200 OK", "A: 1", ""])
        let small = Array("Digest: forged\r\n".utf8).withUnsafeBytes { head.append(line: $0, limit: 100) }
        #expect(small == .more)
        #expect(head.headers["Digest"] == nil)
        let line = Array(repeating: UInt8(ascii: "x"), count: 100)
        let large = line.withUnsafeBytes { head.append(line: $0, limit: 100) }
        #expect(large == .tooLarge)
    }

    /// "HTTP/1.1 200 OK", "A: 1" and the empty line, each with its line end, have 25 bytes.
    @Test(arguments: [(25, ResponseHead.Outcome.complete), (24, .tooLarge), (0, .tooLarge)])
    func theLimitCountsEveryByte(limit: Int, expected: ResponseHead.Outcome) {
        #expect(feed(["HTTP/1.1 200 OK", "A: 1", ""], limit: limit).outcome == expected)
    }

    @Test func theLimitCountsInterimResponsesToo() {
        let interim = ["HTTP/1.1 103 Early Hints", ""]
        let (outcome, taken, _) = feed((0..<1000).flatMap { _ in interim }, limit: 280)
        #expect(outcome == .tooLarge)
        #expect(taken == 21)
    }

    @Test(
        arguments: [
            (["Content-Length: 12"], 12), (["Content-Length: 12", "content-length: 12"], 12), ([], nil),
            (["Content-Length: 12", "Content-Length: 13"], nil), (["Content-Length: -1"], nil),
            (["Content-Length: +1"], nil),
            (["Content-Length:"], nil), (["Content-Length: 99999999999999999999"], nil),
            (["Content-Length: 1, 1"], nil),
        ] as [([String], Int64?)])
    func onlyOneNumberIsALength(lines: [String], length: Int64?) {
        #expect(feed(["HTTP/1.1 200 OK"] + lines + [""]).head.contentLength == length)
    }
}
