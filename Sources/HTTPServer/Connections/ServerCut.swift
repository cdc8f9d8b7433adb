/// Why the server itself cut a connection, for the log.
enum ServerCut: CustomStringConvertible {
    /// The request took longer than one may.
    case tooLong
    /// Nobody vouches for the client's certificate any more.
    case distrusted
    /// The server stops and waits no longer.
    case stopping

    var description: String {
        switch self {
        case .tooLong: "the request took longer than one may (server.query_timeout)"
        case .distrusted: "nobody vouches for the client's certificate any more"
        case .stopping: "the server stops"
        }
    }
}
