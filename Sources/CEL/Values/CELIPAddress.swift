#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An IPv4 or IPv6 address, `net.IP` in the language.
public struct CELIPAddress: OpaqueValue, Hashable {
    /// Four or sixteen bytes in network order.
    public let bytes: [UInt8]

    /// Nil unless there are four or sixteen bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Parses an address as text.
    ///
    /// An IPv4-mapped IPv6 address in hexadecimal (`::ffff:c0a8:1`) is the IPv4 address that it maps.
    ///
    /// - Throws: ``CELError`` for a zone, a mapped address in the mixed form (`::ffff:192.168.0.1`) and all that is no address.
    public init(_ text: String) throws(CELError) {
        guard text.utf8.count <= 64, !text.utf8.contains(0) else {
            throw CELError(.conversion, "not an IP address")
        }
        guard !text.utf8.contains(UInt8(ascii: "%")) else {
            throw CELError(.conversion, "an IP address with a zone is not allowed")
        }
        let isVersion6 = text.utf8.contains(UInt8(ascii: ":"))
        var buffer = [UInt8](repeating: 0, count: isVersion6 ? 16 : 4)
        guard inet_pton(isVersion6 ? AF_INET6 : AF_INET, text, &buffer) == 1 else {
            throw CELError(.conversion, "not an IP address")
        }
        if isVersion6 && buffer[..<10].allSatisfy({ $0 == 0 }) && buffer[10] == 0xFF && buffer[11] == 0xFF {
            guard !text.utf8.contains(UInt8(ascii: ".")) else {
                throw CELError(.conversion, "an IPv4-mapped IPv6 address with dots is not allowed")
            }
            buffer.removeFirst(12)
        }
        bytes = buffer
    }

    public static let runtimeType = RuntimeType("net.IP")
    public var runtimeType: RuntimeType { Self.runtimeType }

    public func isEqual(to other: any OpaqueValue) -> Bool {
        (other as? CELIPAddress) == self
    }

    public var isVersion4: Bool { bytes.count == 4 }

    /// The canonical text of RFC 5952.
    public var text: String {
        if isVersion4 { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = (0..<8).map { UInt16(bytes[$0 * 2]) << 8 | UInt16(bytes[$0 * 2 + 1]) }
        guard let zeros = Self.longestZeros(groups) else { return Self.hexadecimal(groups[...]) }
        return Self.hexadecimal(groups[..<zeros.lowerBound]) + "::" + Self.hexadecimal(groups[zeros.upperBound...])
    }

    private static func hexadecimal(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// The first longest run of at least two zero groups.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var best = 0..<1
        var start = 0
        for index in 0..<groups.count {
            if groups[index] != 0 {
                start = index + 1
            } else if index + 1 - start > best.count {
                best = start..<index + 1
            }
        }
        return best.count > 1 ? best : nil
    }

    public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }
    public var isLoopback: Bool {
        isVersion4 ? bytes[0] == 127 : bytes[15] == 1 && bytes[..<15].allSatisfy { $0 == 0 }
    }
    public var isMulticast: Bool { isVersion4 ? bytes[0] & 0xF0 == 0xE0 : bytes[0] == 0xFF }
    public var isLinkLocalMulticast: Bool {
        isVersion4 ? bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 : bytes[0] == 0xFF && bytes[1] & 0x0F == 2
    }
    public var isLinkLocalUnicast: Bool {
        isVersion4 ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
    }
    public var isGlobalUnicast: Bool {
        let isBroadcast = isVersion4 && bytes.allSatisfy { $0 == 255 }
        return !(isBroadcast || isUnspecified || isLoopback || isMulticast || isLinkLocalUnicast)
    }
}
