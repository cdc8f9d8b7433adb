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
        let mark = target.utf8.withContiguousStorageIfAvailable {
            UnsafeRawBufferPointer($0).position(of: UInt8(ascii: "?"))
        }
        // Most have no query, and the index of a string is dear.
        if case .some(nil) = mark { return (target, nil) }
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (target, nil) }
        return (String(target[..<mark]), String(target[target.utf8.index(after: mark)...]))
    }
}
