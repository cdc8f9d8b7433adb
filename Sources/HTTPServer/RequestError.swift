public import NIOHTTP1

/// Why the edge turned a request away by itself.
public enum RequestError: Error, Sendable, Equatable {
    /// ``HTTPServerConfiguration/maxConcurrentRequests`` requests are already being answered.
    case tooManyRequests
    /// The head is larger than ``HTTPServerConfiguration/maxHeaderBytes`` or has too many fields.
    case headersTooLarge
    /// The head breaks RFC 9112; the text says how and contains nothing the client sent.
    case malformedRequest(String)
    /// Neither HTTP/1.1 nor HTTP/1.0.
    case unsupportedVersion
    /// A transfer coding other than `chunked`.
    case unsupportedTransferCoding
    /// The head did not arrive within ``HTTPServerConfiguration/headerTimeout``.
    case headTimeout

    public var status: HTTPResponseStatus {
        switch self {
        case .tooManyRequests: .serviceUnavailable
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .malformedRequest: .badRequest
        case .unsupportedVersion: .httpVersionNotSupported
        case .unsupportedTransferCoding: .notImplemented
        case .headTimeout: .requestTimeout
        }
    }
}
