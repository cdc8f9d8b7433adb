#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The other end of a connection.
struct PeerAddress {
    /// 4 or 16.
    let bytes: [UInt8]
    let port: Int

    var ranges: AddressRanges { AddressRanges(of: bytes) }

    /// Nil for what is not of the internet.
    init?(_ address: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let inner = raw.loadUnaligned(as: sockaddr_in.self)
            bytes = withUnsafeBytes(of: inner.sin_addr) { Array($0) }
            port = Int(UInt16(bigEndian: inner.sin_port))
        case AF_INET6:
            let inner = raw.loadUnaligned(as: sockaddr_in6.self)
            bytes = withUnsafeBytes(of: inner.sin6_addr) { Array($0) }
            port = Int(UInt16(bigEndian: inner.sin6_port))
        default: return nil
        }
    }

    /// - Parameter text: As libcurl prints it; nil for what is no address.
    init?(_ text: String, port: Int) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            bytes = withUnsafeBytes(of: v4) { Array($0) }
        } else if inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &v6) == 1 {
            bytes = withUnsafeBytes(of: v6) { Array($0) }
        } else {
            return nil
        }
        self.port = port
    }
}
