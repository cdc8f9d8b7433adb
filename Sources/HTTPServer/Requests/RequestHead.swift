import NIOHTTP1

/// A request's head, checked against RFC 9112.
struct RequestHead: Sendable, Equatable {
    enum Framing: Sendable, Equatable {
        case none
        case length(Int64)
        case chunked
    }

    var method: HTTPMethod
    var target: String
    var path: String
    var query: String?
    var headers: HTTPHeaders
    /// HTTP/1.0; everything else here is HTTP/1.1.
    var isVersion10: Bool
    var framing: Framing
    /// What version and `Connection` field say about keeping the connection open.
    var keepsAlive: Bool
    var expectsContinue: Bool
    /// `X-Request-Id` where it is well-formed.
    var requestID: String?

    static func split(target: String) -> (path: String, query: String?) {
        var target = target
        let count = target.withUTF8 { UnsafeRawBufferPointer($0).position(of: UInt8(ascii: "?")) }
        guard let count else { return (target, nil) }
        let mark = target.utf8.index(target.startIndex, offsetBy: count)
        return (String(target[..<mark]), String(target[target.utf8.index(after: mark)...]))
    }
}
