internal import CEL
public import NIOCore

/// The address a client comes from. One that is an IPv4 address in IPv6's clothes is the IPv4 address.
public struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
    let address: CELIPAddress

    /// Nil for what is no address: zones, ports and names are not allowed.
    public init?(_ text: String) {
        guard let address = try? CELIPAddress(text) else { return nil }
        self.address = address
    }

    /// Nil for a socket that is not of the internet.
    public init?(_ socket: SocketAddress) {
        // Where the addresses lie in `sockaddr_in` and `sockaddr_in6` is the same on every system.
        switch socket {
        case .v4(let inner): self.init(bytes: withUnsafeBytes(of: inner.address) { Array($0[4..<8]) })
        case .v6(let inner): self.init(bytes: withUnsafeBytes(of: inner.address) { Array($0[8..<24]) })
        case .unixDomainSocket: return nil
        }
    }

    private init?(bytes: [UInt8]) {
        let isMapped =
            bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        guard let address = CELIPAddress(bytes: isMapped ? Array(bytes[12...]) : bytes) else { return nil }
        self.address = address
    }

    /// As RFC 5952 writes it.
    public var description: String { address.text }

    public var isLoopback: Bool { address.isLoopback }

    /// What one host can take addresses from at will: the address itself, or IPv6's /64.
    public var host: ClientAddress { prefix(bytes: 8) }

    /// What one customer is given: IPv6's /48; nil for IPv4, where that is the address.
    var site: ClientAddress? { address.isVersion4 ? nil : prefix(bytes: 6) }

    /// Who is taken to be one where turns are given.
    public var party: ClientAddress { site ?? self }

    /// The IPv6 address with zeros after so many bytes.
    private func prefix(bytes count: Int) -> ClientAddress {
        guard !address.isVersion4 else { return self }
        return ClientAddress(bytes: address.bytes[..<count] + [UInt8](repeating: 0, count: 16 - count)) ?? self
    }
}
