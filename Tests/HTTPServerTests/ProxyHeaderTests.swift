import NIOCore
import Testing

@testable import HTTPServer

struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    /// A header of version 2.
    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? rest.count
        return signature + [command, family, UInt8(length >> 8), UInt8(length & 0xFF)] + rest
    }

    private static let v4: [UInt8] = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 0, 80]
    private static let v6: [UInt8] =
        [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 9, count: 16) + [
            1, 2, 0, 80,
        ]

    private static func client(_ address: String) throws -> ConnectionSource {
        .proxied(try SocketAddress(ipAddress: address, port: 0))
    }

    private func take(_ bytes: [UInt8]) throws -> (source: ConnectionSource?, rest: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        let source = try ProxyHeader.take(from: &buffer)
        return (source, Array(buffer.readableBytesView))
    }

    static let understood: [(bytes: [UInt8], source: @Sendable () throws -> ConnectionSource)] = [
        (Array("PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n".utf8), { try client("192.0.2.1") }),
        (Array("PROXY TCP4 255.255.255.255 0.0.0.0 0 65535\r\n".utf8), { try client("255.255.255.255") }),
        (Array("PROXY TCP6 2001:db8::1 ::1 1 2\r\n".utf8), { try client("2001:db8::1") }),
        (Array("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n".utf8), { try client("192.0.2.1") }),
        (Array("PROXY UNKNOWN\r\n".utf8), { .proxyItself }),
        (Array("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".utf8), { .proxyItself }),
        (binary(0x21, 0x11, v4), { try client("192.0.2.1") }),
        (binary(0x21, 0x21, v6), { try client("2001:db8::1") }),
        (binary(0x21, 0x11, v4 + [4, 0, 2, 1, 1, 0x20, 0, 0]), { try client("192.0.2.1") }),
        (binary(0x20, 0x00, []), { .proxyItself }),
        (binary(0x20, 0x11, v4), { .proxyItself }),
        (binary(0x20, 0x00, [1, 2, 3]), { .proxyItself }),
        (binary(0x21, 0x00, []), { .proxyItself }),
        (binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)), { .proxyItself }),
    ]

    @Test(arguments: understood.indices)
    func `a header is understood however it arrives, and what follows it is left`(index: Int) throws {
        let (bytes, source) = Self.understood[index]
        let expected = try source()
        for count in 0..<bytes.count {
            let (early, rest) = try take(Array(bytes[..<count]))
            #expect(early == nil)
            #expect(rest.count == count)
        }
        let (whole, rest) = try take(bytes + Array("GET /".utf8))
        #expect(whole == expected)
        #expect(rest == Array("GET /".utf8))
    }

    static let malformed: [[UInt8]] =
        [
            "GET / HTTP/1.1\r\n\r\n", "PROXY\r\n", "PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
            "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
            "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
            "PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n",
            "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n",
            "PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 1.1.1.1 x 1 2\r\n",
            "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n",
            "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 +2\r\n",
            "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY unknown\r\n",
            "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rX\n", "PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n",
            "PROXY TCP4\t1.1.1.1 2.2.2.2 1 2\r\n",
            "PROXY UNKNOWN \u{7}\r\n", "PROXY \r\n", "\r\nPROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "\0", "PROXX",
            "PROXY UNKNOWN " + String(repeating: "x", count: 200),
            "PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n",
        ].map { Array($0.utf8) } + [
            binary(0x11, 0x11, v4), binary(0x31, 0x11, v4), binary(0x22, 0x11, v4), binary(0x2F, 0x11, v4),
            binary(0x21, 0x12, v4), binary(0x21, 0x22, v6), binary(0x21, 0x32, [UInt8](repeating: 0, count: 216)),
            binary(0x21, 0x41, v4), binary(0x21, 0x10, v4), binary(0x21, 0x01, v4), binary(0x21, 0xFF, v4),
            binary(0x20, 0x13, v4),
            binary(0x21, 0x11, Array(v4[..<11])), binary(0x21, 0x21, v4), binary(0x21, 0x31, v6),
            binary(0x20, 0x11, []),
            binary(0x21, 0x11, [], length: 4097), binary(0x20, 0x00, [], length: 0xFFFF),
            binary(0x21, 0x11, v4 + [4]), binary(0x21, 0x11, v4 + [4, 0]), binary(0x21, 0x11, v4 + [4, 0, 1]),
            binary(0x21, 0x11, v4 + [4, 0xFF, 0xFF, 1]), binary(0x21, 0x21, v6 + [4, 0, 0, 1]),
        ]

    @Test(arguments: malformed)
    func `what is no header is refused`(bytes: [UInt8]) {
        #expect(throws: ProxyHeaderError.self) { try take(bytes) }
    }

    @Test
    func `every other byte in the signature is refused at once`() {
        for position in 0..<12 {
            for byte in UInt8.min...UInt8.max where byte != Self.signature[position] {
                // A text header begins like this as well.
                guard position > 0 || byte != UInt8(ascii: "P") else { continue }
                let bytes = Array(Self.signature[..<position]) + [byte]
                #expect(throws: ProxyHeaderError.self) { try take(bytes) }
            }
        }
    }

    @Test(arguments: 1...2000)
    func `no header, however broken, is taken for more than it is`(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let (valid, _) = Self.understood[seed % Self.understood.count]
        var bytes = valid
        for _ in 0...Int.random(in: 0..<3, using: &random) {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
            default: bytes.remove(at: position)
            }
            if bytes.isEmpty { return }
        }
        var buffer = ByteBuffer(bytes: bytes)
        let source = try? ProxyHeader.take(from: &buffer)
        // Only a header that was taken is gone from the buffer.
        #expect((source == nil) == (buffer.readableBytes == bytes.count))
    }

    /// Numbers that a seed gives again.
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
