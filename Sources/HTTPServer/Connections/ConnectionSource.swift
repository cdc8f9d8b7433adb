import NIOCore

/// Where a connection comes from, as far as the connection itself tells.
enum ConnectionSource: Equatable {
    /// The host at the other end of the socket.
    case peer
    /// The client of a trusted proxy, by the header of the PROXY protocol.
    case proxied(SocketAddress)
    /// A trusted proxy on its own behalf, or for a client whose address it does not tell: `LOCAL` and `UNKNOWN`.
    case proxyItself
}
