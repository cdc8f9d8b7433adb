import NIOHTTP1

/// RFC 9112 section 3.
struct RequestLine {
    let method: HTTPMethod
    /// In origin form, or `*`.
    let target: String
    let isVersion10: Bool

    init(_ line: UnsafeRawBufferPointer) throws(RequestError) {
        guard let methodEnd = line.position(of: space), methodEnd > 0 else {
            throw .malformedRequest("the request line has no target")
        }
        method = try Self.method(UnsafeRawBufferPointer(rebasing: line[..<methodEnd]))
        guard let targetEnd = line.position(of: space, from: methodEnd + 1) else {
            throw .malformedRequest("the request line has no version")
        }
        isVersion10 = try Self.isVersion10(UnsafeRawBufferPointer(rebasing: line[(targetEnd + 1)...]))
        target = try Self.target(
            UnsafeRawBufferPointer(rebasing: line[(methodEnd + 1)..<targetEnd]), allowsAsterisk: method == .OPTIONS)
    }

    private static func method(_ bytes: UnsafeRawBufferPointer) throws(RequestError) -> HTTPMethod {
        if bytes.equals("GET") { return .GET }
        if bytes.equals("HEAD") { return .HEAD }
        guard bytes.count <= 32, bytes.allSatisfy(ByteSet.token.contains) else {
            throw .malformedRequest("the method is not a token")
        }
        return HTTPMethod(rawValue: String(decoding: bytes, as: UTF8.self))
    }

    private static func isVersion10(_ bytes: UnsafeRawBufferPointer) throws(RequestError) -> Bool {
        if bytes.equals("HTTP/1.1") { return false }
        if bytes.equals("HTTP/1.0") { return true }
        guard bytes.count == 8, UnsafeRawBufferPointer(rebasing: bytes[..<5]).equals("HTTP/"), bytes[6] == dot,
            isDigit(bytes[5]), isDigit(bytes[7])
        else { throw .malformedRequest("the request line does not end in an HTTP version") }
        throw .unsupportedVersion
    }

    private static func target(_ bytes: UnsafeRawBufferPointer, allowsAsterisk: Bool) throws(RequestError) -> String {
        guard let first = bytes.first else { throw .malformedRequest("the request target is empty") }
        for byte in bytes where byte <= 0x20 || byte >= 0x7f || byte == UInt8(ascii: "#") {
            throw .malformedRequest("the request target holds a byte that must be percent-encoded")
        }
        if first == slash { return String(decoding: bytes, as: UTF8.self) }
        if allowsAsterisk, bytes.equals("*") { return "*" }
        return try originForm(ofAbsolute: bytes)
    }

    /// RFC 9112 section 3.2.2: a server must accept `http://host/path` and may not route by it here, where the
    /// authority does not matter.
    private static func originForm(ofAbsolute bytes: UnsafeRawBufferPointer) throws(RequestError) -> String {
        let schemeLength: Int
        if bytes.hasPrefixIgnoringCase("http://") {
            schemeLength = 7
        } else if bytes.hasPrefixIgnoringCase("https://") {
            schemeLength = 8
        } else {
            throw .malformedRequest("the request target is neither a path nor an http URL")
        }
        let rest = bytes[schemeLength...]
        let authorityEnd = rest.firstIndex { $0 == slash || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard authorityEnd > schemeLength, rest[..<authorityEnd].allSatisfy(ByteSet.host.contains) else {
            throw .malformedRequest("the URL in the request line has no valid host")
        }
        let origin = String(decoding: rest[authorityEnd...], as: UTF8.self)
        return origin.utf8.first == slash ? origin : "/" + origin
    }
}

private let space = UInt8(ascii: " ")
private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")

private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
