/// A set of ASCII bytes.
struct ByteSet: Sendable {
    private let low: UInt64
    private let high: UInt64

    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    init(_ members: StaticString) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        members.withUTF8Buffer { bytes in
            for byte in bytes {
                if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte & 63) }
            }
        }
        self.init(low: low, high: high)
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
        return byte < 128 && high >> UInt64(byte & 63) & 1 == 1
    }

    /// `tchar` of RFC 9110 section 5.6.2: `` !#$%&'*+-.^_`|~ ``, digits and letters.
    static let token = ByteSet(low: 0x3ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe)
    /// What `uri-host` and port of RFC 3986 are made of.
    static let host = ByteSet(low: 0x2fff_7ff2_0000_0000, high: 0x47ff_fffe_afff_fffe)
    /// `[A-Za-z0-9._-]`
    static let requestID = ByteSet(low: 0x3ff_6000_0000_0000, high: 0x07ff_fffe_87ff_fffe)
}
