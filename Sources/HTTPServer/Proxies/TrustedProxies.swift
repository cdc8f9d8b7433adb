public import NIOCore

/// The proxies whose word about their clients is taken. What anybody else says of addresses and schemes is not looked at.
public struct TrustedProxies: Sendable {
    /// Whether the host with this address is one of them.
    let contains: @Sendable (SocketAddress) -> Bool
    /// Whether their connections begin with a header of the PROXY protocol, version 1 or 2, and are closed if they do not.
    let speakProxyProtocol: Bool

    public init(speakProxyProtocol: Bool = false, contains: @escaping @Sendable (SocketAddress) -> Bool) {
        self.speakProxyProtocol = speakProxyProtocol
        self.contains = contains
    }
}
