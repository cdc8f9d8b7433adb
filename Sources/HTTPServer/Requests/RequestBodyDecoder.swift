import NIOCore

/// Takes a request's body from the bytes of a connection (RFC 9112 sections 6 and 7). Pure: no I/O.
struct RequestBodyDecoder {
    enum Step: Equatable {
        /// Never empty.
        case data(ByteBuffer)
        case needsMore
        case finished
    }

    private enum State {
        case fixed(remaining: Int64)
        case chunkHead
        case chunkData(remaining: Int64)
        case chunkEnd
        case trailer(bytesLeft: Int)
        case finished
    }

    private var state: State
    /// Bytes of content that were taken, without those of the chunked coding.
    private(set) var taken: Int64 = 0
    /// Bytes that are certainly still to come; 0 for the chunked coding, which does not tell.
    var remaining: Int64 {
        if case .fixed(let remaining) = state { remaining } else { 0 }
    }
    var isFinished: Bool { if case .finished = state { true } else { false } }

    init(_ framing: RequestHead.Framing) {
        state =
            switch framing {
            case .none: .finished
            case .length(let length): .fixed(remaining: length)
            case .chunked: .chunkHead
            }
    }

    mutating func next(from buffer: inout ByteBuffer) throws(RequestBodyError) -> Step {
        while true {
            switch state {
            case .finished:
                return .finished
            case .fixed(let remaining):
                guard let data = Self.take(remaining, from: &buffer) else { return .needsMore }
                let left = remaining - Int64(data.readableBytes)
                state = left == 0 ? .finished : .fixed(remaining: left)
                taken += Int64(data.readableBytes)
                return .data(data)
            case .chunkHead:
                guard let line = try Self.line(from: &buffer, maxBytes: 256) else { return .needsMore }
                let size = try Self.chunkSize(line)
                state = size == 0 ? .trailer(bytesLeft: 8 * 1024) : .chunkData(remaining: size)
            case .chunkData(let remaining):
                guard let data = Self.take(remaining, from: &buffer) else { return .needsMore }
                let left = remaining - Int64(data.readableBytes)
                state = left == 0 ? .chunkEnd : .chunkData(remaining: left)
                taken += Int64(data.readableBytes)
                return .data(data)
            case .chunkEnd:
                guard let line = try Self.line(from: &buffer, maxBytes: 2) else { return .needsMore }
                guard line.readableBytes == 0 else { throw .malformed("a chunk is longer than its size") }
                state = .chunkHead
            case .trailer(let bytesLeft):
                guard let line = try Self.line(from: &buffer, maxBytes: bytesLeft) else { return .needsMore }
                guard line.readableBytes > 0 else {
                    state = .finished
                    return .finished
                }
                try Self.checkTrailerField(line)
                state = .trailer(bytesLeft: bytesLeft - line.readableBytes - 2)
            }
        }
    }

    private static func take(_ count: Int64, from buffer: inout ByteBuffer) -> ByteBuffer? {
        let available = Int(min(count, Int64(buffer.readableBytes)))
        return available == 0 ? nil : buffer.readSlice(length: available)
    }

    /// The next line without its CRLF.
    private static func line(from buffer: inout ByteBuffer, maxBytes: Int) throws(RequestBodyError) -> ByteBuffer? {
        let view = buffer.readableBytesView
        guard let feed = view.prefix(maxBytes).firstIndex(of: UInt8(ascii: "\n")) else {
            guard view.count < maxBytes else { throw .malformed("a line of the chunked coding is too long") }
            return nil
        }
        let length = feed - view.startIndex
        guard length > 0, view[feed - 1] == UInt8(ascii: "\r"), let line = buffer.readSlice(length: length - 1) else {
            throw .malformed("a line feed without a carriage return")
        }
        // A proxy that takes a bare CR or a NUL for the end of the line would see another request behind it.
        guard line.readableBytesView.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }) else {
            throw .malformed("a control character in a line of the chunked coding")
        }
        buffer.moveReaderIndex(forwardBy: 2)
        return line
    }

    /// `field-name ":" field-value`, without the folding of old; what it says is ignored.
    private static func checkTrailerField(_ line: ByteBuffer) throws(RequestBodyError) {
        let name = line.readableBytesView.prefix { $0 != UInt8(ascii: ":") }
        guard name.count < line.readableBytes, !name.isEmpty, name.allSatisfy(ByteSet.token.contains) else {
            throw .malformed("a trailer is not a header field")
        }
    }

    /// `chunk-size [ chunk-ext ]`; what extensions say is ignored.
    private static func chunkSize(_ line: ByteBuffer) throws(RequestBodyError) -> Int64 {
        var size: Int64 = 0
        var digits = 0
        for byte in line.readableBytesView {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            case UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"):
                guard digits > 0 else { throw .malformed("a chunk without a size") }
                guard ChunkExtensions.areWellFormed(line.readableBytesView.dropFirst(digits)) else {
                    throw .malformed("a chunk extension is malformed")
                }
                return size
            default: throw .malformed("a chunk size is not a hexadecimal number")
            }
            digits += 1
            guard digits <= 15 else { throw .malformed("a chunk size is too large") }
            size = size << 4 | Int64(digit)
        }
        guard digits > 0 else { throw .malformed("a chunk without a size") }
        return size
    }
}
