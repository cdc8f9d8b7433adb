import Glibc
import NIOConcurrencyHelpers
import Testing

@testable import Observability

@Suite struct LogSinkTests {
    /// Both ends of a pipe.
    private func withPipe(_ body: (_ reading: CInt, _ writing: CInt) throws -> Void) throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        try body(ends[0], ends[1])
    }

    private func text(_ reading: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(reading, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }

    @Test func whatIsMoreThanMayWaitIsDropped() throws {
        try withPipe { reading, writing in
            let sink = LogSink(DescriptorWriter(descriptor: writing), limit: 10)
            for line in ["one\n", "two\n", "three\n", "3\n"] { sink.write(line, identity: nil) { "\($0)" } }
            sink.writeAll()
            #expect(text(reading) == "one\ntwo\n3\n")
            sink.write("four\n", identity: nil) { "\($0)" }
            sink.writeAll()
            #expect(text(reading) == "four\n")
        }
    }

    @Test func repetitionsAreToldWhenTheirTimeIsOver() throws {
        try withPipe { reading, writing in
            let now = NIOLockedValueBox(Duration.zero)
            let sink = LogSink(DescriptorWriter(descriptor: writing)) { now.withLockedValue { $0 } }
            for _ in 0..<5 { sink.write("same\n", identity: "same") { "same \($0)\n" } }
            sink.write("other\n", identity: nil) { _ in "" }
            sink.writeAll()
            #expect(text(reading) == "same\nother\n")
            now.withLockedValue { $0 = LogFolding.window }
            sink.writeAll()
            #expect(text(reading) == "same 4\n")
        }
    }

    @Test func theThreadWritesAndAFlushWaitsForIt() throws {
        try withPipe { reading, writing in
            let sink = LogSink(DescriptorWriter(descriptor: writing))
            sink.start()
            sink.write("line\n", identity: "line") { "line \($0)\n" }
            sink.write("line\n", identity: "line") { "line \($0)\n" }
            sink.flush()
            #expect(text(reading) == "line\nline 1\n")
        }
    }

    @Test func whatCannotBeWrittenIsToldAndLeavesNothingHalf() throws {
        let writer = try RotatingFileWriter(path: "/dev/full", largest: 1 << 20, kept: 1)
        let errors = NIOLockedValueBox<[String]>([])
        let sink = LogSink(writer, onLoss: { error in errors.withLockedValue { $0.append(error.description) } })
        sink.write("lost\n", identity: nil) { _ in "" }
        sink.writeAll()
        #expect(errors.withLockedValue { $0 } == ["/dev/full cannot be written to: No space left on device"])
    }
}
