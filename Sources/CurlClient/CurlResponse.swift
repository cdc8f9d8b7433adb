/// The head of an answer, and its body still to be read. Dropping `body` unread ends the transfer.
public struct CurlResponse: Sendable {
    public enum Version: Sendable, Hashable {
        case http1
        case http2
    }

    public let status: Int
    public let version: Version
    public let headers: CurlHeaders
    public let body: CurlBody
    /// In which networks the server is; none through a proxy.
    public let peerRanges: AddressRanges

    /// `Content-Length` as the server sent it; `nil` when absent or not one number.
    public var contentLength: Int64? { headers.contentLength }
}
