import NIOCore

/// Whom a proxy got a request from: an entry of `X-Forwarded-For`, or the `for` of `Forwarded` (RFC 7239 section 6).
enum ForwardedNode: Equatable {
    /// Without its port, which says nothing about a host.
    case address(SocketAddress)
    /// `unknown`, or a name that means something to the proxy only.
    case hidden

    /// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`, `unknown` and `_name`.
    init(_ text: Substring) throws(RequestError) {
        if text.utf8.elementsEqual("unknown".utf8, by: { $0 | 0x20 == $1 }) {
            self = .hidden
        } else if text.utf8.first == UInt8(ascii: "_") {
            guard text.utf8.count > 1, text.utf8.dropFirst().allSatisfy(ByteSet.requestID.contains) else {
                throw .forwarding
            }
            self = .hidden
        } else {
            self = .address(try Self.address(text))
        }
    }

    private static func address(_ text: Substring) throws(RequestError) -> SocketAddress {
        if text.utf8.first == UInt8(ascii: "[") {
            guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else { throw .forwarding }
            let inner = text[text.utf8.index(after: text.startIndex)..<end]
            try checkPort(text[text.utf8.index(after: end)...])
            guard inner.utf8.contains(UInt8(ascii: ":")), let address = SocketAddress(literal: inner) else {
                throw .forwarding
            }
            return address
        }
        if let address = SocketAddress(literal: text) { return address }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .forwarding }
        try checkPort(text[colon...])
        guard let address = SocketAddress(literal: text[..<colon]) else { throw .forwarding }
        return address
    }

    /// Nothing, or a colon and a port, which may be a made-up name as well.
    private static func checkPort(_ text: Substring) throws(RequestError) {
        guard !text.isEmpty else { return }
        let port = text.utf8.dropFirst()
        let isNumber = (1...5).contains(port.count) && port.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        let isName =
            port.first == UInt8(ascii: "_") && port.count > 1
            && port.dropFirst().allSatisfy(ByteSet.requestID.contains)
        guard text.utf8.first == UInt8(ascii: ":"), isNumber || isName else { throw .forwarding }
    }
}

extension SocketAddress {
    /// An IPv4 or IPv6 address as text, without a zone; one that is an IPv4 address in IPv6's clothes is the IPv4 address.
    init?(literal text: some StringProtocol) {
        guard text.utf8.count <= 45, !text.utf8.contains(0), !text.utf8.contains(UInt8(ascii: "%")),
            let address = try? SocketAddress(ipAddress: String(text), port: 0)
        else { return nil }
        guard case .v6(let inner) = address else {
            self = address
            return
        }
        // Where the address lies in `sockaddr_in6` is the same on every system.
        self.init(bytes: withUnsafeBytes(of: inner.address) { Array($0[8..<24]) })
    }

    /// - Precondition: 4 or 16 bytes in network order.
    init(bytes: [UInt8]) {
        let isMapped =
            bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        do {
            try self.init(packedIPAddress: ByteBuffer(bytes: isMapped ? Array(bytes[12...]) : bytes), port: 0)
        } catch {
            preconditionFailure("an address has 4 or 16 bytes")
        }
    }
}
