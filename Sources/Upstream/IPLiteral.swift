import CurlClient

/// The bytes of an IP address written as a literal.
struct IPLiteral: Hashable, Sendable {
    /// 4 or 16.
    let bytes: [UInt8]

    /// Four decimal numbers without leading zeros.
    init?(v4 text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let byte = UInt8(part), String(byte) == part else { return nil }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    /// RFC 4291, section 2.2, without brackets and without a zone.
    init?(v6 text: some StringProtocol) {
        let halves = text.components(separatedByDoubleColon: ())
        guard let head = halves.first.flatMap(Self.groups), halves.count <= 2 else { return nil }
        if halves.count == 1 {
            guard head.count == 16 else { return nil }
            bytes = head
        } else {
            guard let tail = Self.groups(halves[1]), head.count + tail.count <= 14 else { return nil }
            bytes = head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
        }
    }

    private static func groups(_ text: Substring) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (position, part) in parts.enumerated() {
            if position == parts.count - 1, part.contains("."), let v4 = IPLiteral(v4: part) {
                bytes += v4.bytes
            } else {
                guard (1...4).contains(part.utf8.count), part.first != "+", let group = UInt16(part, radix: 16) else {
                    return nil
                }
                bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
        }
        return bytes
    }

    /// What reaches only the own machine's network, where clouds keep the credentials of the machine.
    var isLinkLocal: Bool { AddressRanges(of: bytes).contains(.linkLocal) }
}

extension StringProtocol {
    fileprivate func components(separatedByDoubleColon: Void) -> [Substring] {
        Substring(self).split(separator: "::", omittingEmptySubsequences: false)
    }
}
