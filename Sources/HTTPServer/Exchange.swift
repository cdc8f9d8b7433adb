public import NIOCore
public import NIOHTTP1

/// A request and what became of its response: for access log and metrics.
public struct Exchange: Sendable {
    public enum Outcome: Sendable, Equatable {
        /// The whole response was handed to the kernel.
        case complete
        /// The client left, or took nothing for too long, before it had the whole response.
        case clientLeft
        /// The server cut the connection: the body producer failed, the request took longer than one may, or the server
        /// stops.
        case failed
    }

    /// Nil where the edge refused the request before it was understood.
    public let request: Request?
    public let requestID: String
    public let status: HTTPResponseStatus
    /// Bytes of the body that were handed to the kernel; for an aborted response a lower bound.
    public let bytesSent: Int64
    /// Bytes of the request's body that were read, also where only to get at the next request; not what the client said
    /// that it sends.
    public let bytesReceived: Int64
    /// From the arrival of the complete head to the end of the response.
    public let nanoseconds: Int64
    /// From the arrival of the complete head to when the first bytes of the response were handed to the kernel; nil if
    /// none were.
    public let firstByteNanoseconds: Int64?
    public let outcome: Outcome
    /// ``Request/clientAddress``; the connection's, where the request was not understood.
    public let clientAddress: SocketAddress?
    /// ``Response/note``.
    public let note: (any AnyObject & Sendable)?

    public var method: HTTPMethod? { request?.method }

    /// ``nanoseconds`` as a duration.
    public var duration: Duration { .nanoseconds(nanoseconds) }
}
