/// What an upstream did instead of answering, told as what it is.
public struct UpstreamError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The upstream said 404.
        case notFound
        /// 401, also after a token or password was offered.
        case unauthorized
        /// 403.
        case denied
        /// 429; seconds, where it named them.
        case rateLimited(retryAfter: Int?)
        /// 5xx.
        case unavailable(status: Int)
        /// No connection or no progress within the limits.
        case timedOut
        /// The name does not resolve.
        case resolve
        case refused
        case tls
        /// The connection broke in the middle of the answer.
        case cutShort
        /// More bytes than allowed or announced.
        case tooLarge
        /// 416.
        case rangeNotSatisfiable
        /// An answer that breaks the protocol.
        case invalidResponse
        case redirectLoop
        case cancelled
        /// Nobody was asked: as many requests as the operator allows are under way.
        case capped(retryAfter: Int)
        /// Nobody was asked, as the operator wants it.
        case offline
    }

    public let kind: Kind
    /// Names the upstream and what happened; safe for clients: no credentials, no query strings.
    public let message: String
    /// For the log.
    public let cause: (any Error)?

    /// A transfer in the background gave its place to a client.
    public static func madeWay(_ name: String) -> UpstreamError {
        UpstreamError(.capped(retryAfter: 5), "\(name) is left to clients that wait for a connection")
    }

    public init(_ kind: Kind, _ message: String, cause: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.cause = cause
    }

    public var description: String { message + (cause.map { ": \($0)" } ?? "") }
}
