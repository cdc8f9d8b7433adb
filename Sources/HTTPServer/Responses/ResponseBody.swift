public import NIOCore

/// The body of a ``Response``.
public enum ResponseBody: Sendable {
    case empty
    case bytes(ByteBuffer)
    case file(FileSlice)
    /// Bytes produced while they are sent. With a length the closure must write exactly that many bytes; without one
    /// HTTP/1.1 clients get chunked transfer coding and HTTP/1.0 clients a body ended by the end of the connection.
    /// A closure that throws, or writes another number of bytes, cuts the connection, so that no client takes the
    /// response for complete. Not called for `HEAD`.
    case stream(length: Int64?, @Sendable (BodyWriter) async throws -> Void)

    /// The length in bytes; nil where it is not known beforehand.
    public var length: Int64? {
        switch self {
        case .empty: 0
        case .bytes(let buffer): Int64(buffer.readableBytes)
        case .file(let slice): slice.length
        case .stream(let length, _): length
        }
    }
}
