public import NIOHTTP1

/// What a ``RequestHandler`` answers.
///
/// The edge adds `Content-Length` or `Transfer-Encoding` from the body, `Connection`, `Date`, `Server` and
/// `X-Request-Id`; what a handler sets of these is replaced, except a `Content-Length` on the answer to a `HEAD`
/// request or on a 304.
public struct Response: Sendable {
    public var status: HTTPResponseStatus
    public var headers: HTTPHeaders
    public var body: ResponseBody
    /// Anything the handler wants to find again in ``Exchange/note``; the edge does not look at it. An object, as it is
    /// handed on with every request.
    public var note: (any AnyObject & Sendable)?

    public init(
        status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: ResponseBody = .empty,
        note: (any AnyObject & Sendable)? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.note = note
    }
}
