/// What of the response's body is still allowed on the wire.
enum OutgoingBody {
    /// No response under way, or one that is complete.
    case none
    case fixed(remaining: Int64)
    case chunked
    /// HTTP/1.0 without a length: ended by the end of the connection.
    case untilClose
}
