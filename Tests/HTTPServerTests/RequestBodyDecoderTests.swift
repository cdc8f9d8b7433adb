import NIOCore
import Testing

@testable import HTTPServer

struct RequestBodyDecoderTests {
    /// Decodes `text` handed over in pieces of `size` bytes; nil where it is not complete.
    private func decode(_ text: String, by size: Int) throws -> (body: String, rest: String)? {
        var decoder = RequestBodyDecoder(.chunked)
        var buffer = ByteBuffer()
        var body = ""
        var bytes = Substring(text)
        while true {
            switch try decoder.next(from: &buffer) {
            case .data(let data): body += String(buffer: data)
            case .finished: return (body, String(buffer: buffer) + bytes)
            case .needsMore:
                guard !bytes.isEmpty else { return nil }
                buffer.writeBytes(bytes.utf8.prefix(size))
                bytes = Substring(decoding: bytes.utf8.dropFirst(size), as: UTF8.self)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func chunksAreJoinedHoweverTheyArrive(size: Int) throws {
        let text = "5\r\nhello\r\n1;a=\"b\"\r\n \r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nNEXT"
        let result = try #require(try decode(text, by: size))
        #expect(result.body == "hello 0123456789")
        #expect(result.rest == "NEXT")
    }

    @Test(arguments: [
        "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "g\r\n", "\r\n", ";x\r\n", "-1\r\n", " 5\r\nhello",
        "1000000000000000\r\n", "5\r\nhello\n0\r\n\r\n", "5 \r\nhello\r\n", "0x5\r\nhello\r\n",
        "5;" + String(repeating: "x", count: 300), "0\r\nA: " + String(repeating: "x", count: 9000),
    ])
    func brokenChunksAreRefused(text: String) {
        #expect(throws: RequestBodyError.self) {
            if try decode(text, by: 1000) == nil { Issue.record("waits for more") }
        }
    }

    /// What a front proxy and this server could see two requests in, or a different one.
    @Test(arguments: (0...UInt8.max).filter { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7f })
    func aControlCharacterAnywhereInTheChunkGrammarIsRefused(byte: UInt8) throws {
        let valid = Array("2;a=\"b\"\r\nhi\r\n0;c\r\nTrailer: x\r\n\r\n".utf8)
        let data = 9..<11
        // Among the bytes of a chunk all are allowed; one more there makes it longer than its size.
        for position in 0..<valid.count - 1 where !data.contains(position) {
            var bytes = valid
            bytes.insert(byte, at: position)
            var decoder = RequestBodyDecoder(.chunked)
            var buffer = ByteBuffer(bytes: bytes)
            #expect(throws: RequestBodyError.self, "at \(position)") {
                while true {
                    let step = try decoder.next(from: &buffer)
                    if step == .finished || step == .needsMore { break }
                }
                // Waiting for more is as good as refusing only if nothing follows that could be taken for a request.
                buffer.writeString("GET / HTTP/1.1\r\n\r\n")
                while true {
                    let step = try decoder.next(from: &buffer)
                    if step == .finished || step == .needsMore { break }
                }
            }
        }
    }

    @Test(arguments: ["0\r\n x\r\n\r\n", "0\r\nx\r\n\r\n", "0\r\n: x\r\n\r\n", "0\r\nA : x\r\n\r\n"])
    func aTrailerThatIsNoHeaderFieldIsRefused(text: String) {
        #expect(throws: RequestBodyError.self) { _ = try decode(text, by: 1000) }
    }

    @Test
    func aFixedBodyEndsAtItsLength() throws {
        var decoder = RequestBodyDecoder(.length(3))
        var buffer = ByteBuffer(string: "abcdef")
        #expect(try decoder.next(from: &buffer) == .data(ByteBuffer(string: "abc")))
        #expect(try decoder.next(from: &buffer) == .finished)
        #expect(buffer.readableBytes == 3)
    }
}
