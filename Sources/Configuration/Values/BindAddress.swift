#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What the server listens on: an IPv4 or IPv6 address without brackets, or a host name.
public struct BindAddress: Sendable, Hashable, CustomStringConvertible {
    public let host: String

    public static let loopback = BindAddress(checked: "127.0.0.1")

    private init(checked host: String) {
        self.host = host
    }

    public init?(_ text: String) {
        guard BindAddress.isIPAddress(text) || HostName.isValid(text) else { return nil }
        host = text
    }

    /// Whether only this machine can reach it. A name other than `localhost` may resolve to anything.
    public var isLoopback: Bool {
        host == "localhost" || host == "::1" || (BindAddress.isIPAddress(host) && host.hasPrefix("127."))
    }

    public var isIPv6: Bool { host.utf8.contains(UInt8(ascii: ":")) }

    public var description: String { host }

    static func isIPAddress(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
    }
}
