/// Networks that are not the public internet (RFC 6890), as sets.
public struct AddressRanges: OptionSet, Sendable, Hashable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// 127.0.0.0/8, ::1, and 0.0.0.0/8 and ::, which mean this machine as well.
    public static let loopback = AddressRanges(rawValue: 1)
    /// 169.254.0.0/16, fe80::/10, and the address at which Amazon's machines find their credentials over IPv6.
    public static let linkLocal = AddressRanges(rawValue: 2)
    /// 10.0.0.0/8
    public static let private10 = AddressRanges(rawValue: 4)
    /// 172.16.0.0/12
    public static let private172 = AddressRanges(rawValue: 8)
    /// 192.168.0.0/16
    public static let private192 = AddressRanges(rawValue: 16)
    /// 100.64.0.0/10
    public static let shared = AddressRanges(rawValue: 32)
    /// fc00::/7
    public static let uniqueLocal = AddressRanges(rawValue: 64)
    /// Multicast, broadcast and what is reserved.
    public static let reserved = AddressRanges(rawValue: 128)

    public static let all: AddressRanges = [
        .loopback, .linkLocal, .private10, .private172, .private192, .shared, .uniqueLocal, .reserved,
    ]

    /// Those in which an address lies; none for a public one. IPv4 addresses within IPv6 ones count as they would alone.
    ///
    /// - Parameter bytes: 4 or 16, in network order.
    public init(of bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        switch bytes.count {
        case 4: self = Self.version4(bytes)
        case 16: self = Self.version6(bytes)
        default: self = .reserved
        }
    }

    private static func version4(_ bytes: [UInt8]) -> AddressRanges {
        switch (bytes[0], bytes[1]) {
        case (0, _), (127, _): .loopback
        case (169, 254): .linkLocal
        case (10, _): .private10
        case (172, 16...31): .private172
        case (192, 168): .private192
        case (100, 64...127): .shared
        case (224..., _): .reserved
        default: []
        }
    }

    private static func version6(_ bytes: [UInt8]) -> AddressRanges {
        let begin = bytes.prefix(10).allSatisfy { $0 == 0 }
        if begin, bytes[10...14].allSatisfy({ $0 == 0 }), bytes[15] <= 1 { return .loopback }
        if begin, bytes[10...11] == [0, 0] || bytes[10...11] == [0xFF, 0xFF] { return version4(Array(bytes[12...])) }
        // Translated (RFC 6052) and 6to4 (RFC 3056).
        if bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B]) { return version4(Array(bytes[12...])) }
        if bytes.starts(with: [0x20, 0x02]) { return version4(Array(bytes[2..<6])) }
        if bytes.starts(with: [0xFD, 0x00, 0x0E, 0xC2]) { return .linkLocal }
        switch (bytes[0], bytes[1]) {
        case (0xFE, 0x80...0xBF): return .linkLocal
        case (0xFC...0xFD, _): return .uniqueLocal
        case (0xFF, _): return .reserved
        default: return []
        }
    }
}
