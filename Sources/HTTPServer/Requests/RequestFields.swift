/// The header fields of one request, with what framing and connection handling need noted on the way.
struct RequestFields {
    private(set) var list: [(String, String)] = []
    private(set) var saysClose = false
    private(set) var saysKeepAlive = false
    private(set) var expectsContinue = false
    private(set) var requestID: String?
    private var hosts = 0
    private var length: Int64?
    private var transferCodings = 0
    private var isChunked = false

    init() { list.reserveCapacity(8) }

    /// One field line without its CRLF (RFC 9112 section 5).
    mutating func add(_ line: UnsafeRawBufferPointer) throws(RequestError) {
        guard list.count < HTTPServerConfiguration.maxHeaderFields else { throw .headersTooLarge }
        guard let colon = line.position(of: UInt8(ascii: ":")), colon > 0 else {
            throw .malformedRequest("a header line has no name")
        }
        let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
        // Refuses folded lines and blanks before the colon as well.
        for byte in name where !ByteSet.token.contains(byte) { throw .malformedRequest("a header name is not a token") }
        var start = colon + 1
        var end = line.count
        while start < end, isBlank(line[start]) { start += 1 }
        while end > start, isBlank(line[end - 1]) { end -= 1 }
        let value = UnsafeRawBufferPointer(rebasing: line[start..<end])
        for byte in value where byte < 0x20 && byte != 0x09 || byte == 0x7f {
            throw .malformedRequest("a header value holds a control byte")
        }
        try note(name: name, value: value)
        list.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }

    private mutating func note(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws(RequestError) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            hosts += 1
            for byte in value where !ByteSet.host.contains(byte) {
                throw .malformedRequest("the Host field is not a host")
            }
        case 6 where name.equalsIgnoringCase("expect"):
            expectsContinue = value.equalsIgnoringCase("100-continue")
        case 10 where name.equalsIgnoringCase("connection"):
            for option in value.split(separator: UInt8(ascii: ",")) {
                let option = UnsafeRawBufferPointer(rebasing: option).trimmingBlanks()
                if option.equalsIgnoringCase("close") { saysClose = true }
                if option.equalsIgnoringCase("keep-alive") { saysKeepAlive = true }
            }
        case 12 where name.equalsIgnoringCase("x-request-id"):
            if (1...64).contains(value.count), value.allSatisfy(ByteSet.requestID.contains) {
                requestID = String(decoding: value, as: UTF8.self)
            }
        case 14 where name.equalsIgnoringCase("content-length"):
            let number = try contentLength(value)
            guard length == nil || length == number else {
                throw .malformedRequest("several Content-Length fields that differ")
            }
            length = number
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            transferCodings += 1
            isChunked = value.equalsIgnoringCase("chunked")
        default:
            break
        }
    }

    private func contentLength(_ value: UnsafeRawBufferPointer) throws(RequestError) -> Int64 {
        guard (1...18).contains(value.count) else { throw .malformedRequest("Content-Length is not a length") }
        var number: Int64 = 0
        for byte in value {
            guard byte >= 0x30, byte <= 0x39 else { throw .malformedRequest("Content-Length is not a length") }
            number = number * 10 + Int64(byte - 0x30)
        }
        return number
    }

    /// RFC 9112 section 6.
    func framing(isVersion10: Bool) throws(RequestError) -> RequestHead.Framing {
        guard transferCodings > 0 else {
            return length.map { $0 == 0 ? .none : .length($0) } ?? .none
        }
        guard length == nil else { throw .malformedRequest("both Content-Length and Transfer-Encoding") }
        guard !isVersion10 else { throw .malformedRequest("Transfer-Encoding in an HTTP/1.0 request") }
        guard transferCodings == 1 else { throw .malformedRequest("several Transfer-Encoding fields") }
        guard isChunked else { throw .unsupportedTransferCoding }
        return .chunked
    }

    /// RFC 9112 section 3.2.
    func checkHost(isVersion10: Bool) throws(RequestError) {
        guard hosts <= 1 else { throw .malformedRequest("several Host fields") }
        guard hosts == 1 || isVersion10 else { throw .malformedRequest("no Host field") }
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
