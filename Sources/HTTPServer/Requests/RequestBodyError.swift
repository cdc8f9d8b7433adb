/// Why a request's body could not be read to its end.
public enum RequestBodyError: Error, Equatable, CustomStringConvertible {
    /// The client closed the connection, or it was closed for another reason, before the body was complete.
    case connectionClosed
    /// The chunked transfer coding is broken (RFC 9112 section 7.1).
    case malformed(String)
    /// Nothing arrived for ``HTTPServerConfiguration/bodyStallTimeout``.
    case stalled
    case tooLarge(limit: Int)
    /// A body can be read only once, by one reader.
    case alreadyConsumed
    /// The body was read after its response had been sent.
    case requestFinished

    public var description: String {
        switch self {
        case .connectionClosed: "the connection closed before the request body was complete"
        case .malformed(let detail): "the request body is malformed: \(detail)"
        case .stalled: "the client stopped sending the request body"
        case .tooLarge(let limit): "the request body is larger than \(limit) bytes"
        case .alreadyConsumed: "the request body was read before"
        case .requestFinished: "the request body was read after the response was sent"
        }
    }
}
