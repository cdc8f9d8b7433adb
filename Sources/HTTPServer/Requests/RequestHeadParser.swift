import NIOCore
import NIOHTTP1

/// Takes request heads from the front of a buffer, strictly by RFC 9112: whatever two parsers could read differently
/// (bare line feeds, folded lines, blanks before a colon, two framings) is refused, which is what keeps requests from
/// being smuggled past a proxy in front of us.
///
/// It waits for the whole head and parses it in one go; until then it remembers how far it has looked.
struct RequestHeadParser {
    private var scanned = 0

    /// - Returns: nil while the head is incomplete.
    mutating func next(from buffer: inout ByteBuffer, maxBytes: Int) throws(RequestError) -> RequestHead? {
        let from = scanned
        let step = buffer.withUnsafeReadableBytes { bytes -> Result<Step, RequestError> in
            do throws(RequestError) {
                return .success(try Self.step(bytes, from: from, maxBytes: maxBytes))
            } catch {
                return .failure(error)
            }
        }
        switch try step.get() {
        case .incomplete(let count):
            scanned = count
            return nil
        case .head(let head, let length):
            scanned = 0
            buffer.moveReaderIndex(forwardBy: length)
            return head
        }
    }

    private enum Step {
        case incomplete(scanned: Int)
        case head(RequestHead, length: Int)
    }

    private static func step(_ bytes: UnsafeRawBufferPointer, from: Int, maxBytes: Int) throws(RequestError) -> Step {
        // RFC 9112 section 2.2: empty lines before a request line are ignored.
        var start = 0
        while start + 1 < bytes.count, bytes[start] == cr, bytes[start + 1] == lf { start += 2 }
        guard start <= 8 else { throw .malformedRequest("empty lines before the request line") }
        var position = max(from, start)
        while let feed = bytes.position(of: lf, from: position) {
            guard feed > start, bytes[feed - 1] == cr else {
                throw .malformedRequest("a line feed without a carriage return")
            }
            guard feed + 1 - start <= maxBytes else { throw .headersTooLarge }
            if feed >= start + 3, bytes[feed - 2] == lf {
                let head = UnsafeRawBufferPointer(rebasing: bytes[start..<(feed - 1)])
                return .head(try parse(head), length: feed + 1)
            }
            position = feed + 1
        }
        guard bytes.count - start <= maxBytes else { throw .headersTooLarge }
        return .incomplete(scanned: position)
    }

    /// `head` is the request line and the field lines, each with its CRLF.
    private static func parse(_ head: UnsafeRawBufferPointer) throws(RequestError) -> RequestHead {
        guard let lineEnd = head.position(of: lf) else { throw .malformedRequest("no request line") }
        let line = try RequestLine(UnsafeRawBufferPointer(rebasing: head[..<(lineEnd - 1)]))
        var fields = RequestFields()
        var position = lineEnd + 1
        while position < head.count {
            guard let feed = head.position(of: lf, from: position) else { break }
            try fields.add(UnsafeRawBufferPointer(rebasing: head[position..<(feed - 1)]))
            position = feed + 1
        }
        let framing = try fields.framing(isVersion10: line.isVersion10)
        try fields.checkHost(isVersion10: line.isVersion10)
        let (path, query) = RequestHead.split(target: line.target)
        return RequestHead(
            method: line.method, target: line.target, path: path, query: query,
            headers: HTTPHeaders(fields.list), isVersion10: line.isVersion10, framing: framing,
            keepsAlive: line.isVersion10 ? fields.saysKeepAlive && !fields.saysClose : !fields.saysClose,
            expectsContinue: fields.expectsContinue && !line.isVersion10 && framing != .none,
            requestID: fields.requestID)
    }

    private static let cr = UInt8(ascii: "\r")
    private static let lf = UInt8(ascii: "\n")
}
