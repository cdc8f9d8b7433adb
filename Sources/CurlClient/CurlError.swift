/// Why a transfer did not happen or broke off. Names scheme-less `host[:port]` and the cause; never a path, a query,
/// a header or a credential.
public struct CurlError: Error, Sendable, Hashable {
    public enum Code: Sendable, Hashable {
        /// The URL, a header or the method is not one this client sends.
        case invalidRequest
        /// The host's name has no address.
        case resolve
        /// No TCP connection: refused, unreachable.
        case connect
        /// No connection, TLS included, within `connectTimeout`.
        case connectTimeout
        /// It lies in one of the networks that are refused.
        case refusedAddress
        /// Connected, but too few bytes for too long.
        case stalled
        /// Not finished within `totalTimeout`.
        case timedOut
        case tls(TLSFailure)
        /// The connection, or the HTTP/2 stream, ended before the message did.
        case cutShort
        /// The response's headers exceed `maxResponseHeaderBytes`.
        case tooManyHeaders
        /// `collect(upTo:)` met a larger body.
        case tooLarge
        /// The answer is not HTTP.
        case invalidResponse
        /// The proxy named by the environment failed.
        case proxy
        /// The task was cancelled, the body dropped or the client shut down.
        case cancelled
        /// Any other libcurl code.
        case other(Int)
    }

    public enum TLSFailure: Sendable, Hashable {
        /// The server's certificate is not trusted, or not for this host.
        case verification
        case handshake
        /// Ours cannot be read, or the server does not accept it, or asks for one we do not have.
        case clientCertificate
        /// The bundle of trusted authorities cannot be read.
        case trustRoots
    }

    public let code: Code
    public let message: String
    /// `host[:port]` that was asked.
    public let host: String

    public init(_ code: Code, _ message: String, host: String) {
        self.code = code
        self.message = message
        self.host = host
    }
}

extension CurlError: CustomStringConvertible {
    public var description: String { "\(host): \(message)" }
}
