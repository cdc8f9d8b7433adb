import HTTPServer
import NIOCore
import Testing

struct CollectedBodyTests {
    @Test
    func everyKindOfBodyCanBeCollectedInProcess() async throws {
        let file = try TemporaryFile(count: 1000)
        let hello = ByteBuffer(string: "hello")
        #expect(try await ResponseBody.empty.collect(upTo: 10).readableBytes == 0)
        #expect(try await ResponseBody.bytes(hello).collect(upTo: 10) == hello)
        #expect(
            try await String(buffer: ResponseBody.file(file.slice(10, 20)).collect(upTo: 20)) == file.expected(10, 20))
        let stream = ResponseBody.stream(length: nil) { writer in
            try await writer.write(hello)
            try await writer.write(file.all)
        }
        #expect(try await String(buffer: stream.collect(upTo: 2000)) == "hello" + file.text)
        await #expect(throws: BodyWriteError.tooManyBytes) { try await stream.collect(upTo: 1004) }
        let short = ResponseBody.stream(length: 6) { writer in try await writer.write(hello) }
        await #expect(throws: BodyWriteError.tooFewBytes(missing: 1)) { try await short.collect(upTo: 100) }
    }
}
