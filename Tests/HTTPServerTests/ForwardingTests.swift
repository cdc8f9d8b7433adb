import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPServer

struct ForwardingTests {
    /// 10.0.0.0/8 and 2001:db8::/32.
    private static let proxies = TrustedProxies { address in
        guard let text = address.ipAddress else { return false }
        return text.hasPrefix("10.") || text.hasPrefix("2001:db8:")
    }

    private func forwarding(
        _ fields: [(String, String)], from peer: String = "10.0.0.1", through proxies: TrustedProxies? = proxies
    ) throws -> Forwarding {
        try Forwarding(HTTPHeaders(fields), from: try SocketAddress(ipAddress: peer, port: 1234), through: proxies)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("192.0.2.1:8080", "192.0.2.1"), ("2001:DB9::1", "2001:db9::1"),
        ("[2001:db9::1]", "2001:db9::1"), ("[2001:db9::1]:8080", "2001:db9::1"), ("::ffff:192.0.2.1", "192.0.2.1"),
        // What stands before the first stranger was written by that stranger.
        ("198.51.100.7, 192.0.2.1", "192.0.2.1"), ("not an address, 192.0.2.1", "192.0.2.1"),
        ("10.9.9.9, 192.0.2.1", "192.0.2.1"),
        // Proxies behind proxies.
        ("192.0.2.1, 10.1.1.1", "192.0.2.1"), ("198.51.100.7,192.0.2.1 ,\t10.1.1.1, 2001:db8::5", "192.0.2.1"),
        // A proxy that asks by itself, and one that does not tell for whom.
        ("10.1.1.1", "10.1.1.1"), ("unknown", "10.0.0.1"), ("192.0.2.1, Unknown, 10.1.1.1", "10.1.1.1"),
    ])
    func `the rightmost address that is not a trusted proxy's is the client's`(list: String, client: String) throws {
        #expect(try forwarding([("X-Forwarded-For", list)]).client?.ipAddress == client)
        // As several fields.
        let fields = list.split(separator: ",").map { ("x-forwarded-for", String($0)) }
        #expect(try forwarding(fields).client?.ipAddress == client)
    }

    @Test(
        arguments: [
            ("for=192.0.2.1", "192.0.2.1", nil), ("For=192.0.2.1;Proto=HTTPS;by=10.0.0.1", "192.0.2.1", true),
            (#"for="[2001:db9::1]:80";proto=http;host="a;b,c=\"d""#, "2001:db9::1", false),
            (#"for="192.0.2.1:_port""#, "192.0.2.1", nil), ("for=198.51.100.7, for=192.0.2.1", "192.0.2.1", nil),
            ("for=192.0.2.1;proto=https, for=10.1.1.1;proto=http", "192.0.2.1", true),
            ("for=unknown;proto=https", "10.0.0.1", true), ("for=_hidden", "10.0.0.1", nil),
            ("proto=https", "10.0.0.1", true),
            (#"for="\192.0.2.1""#, "192.0.2.1", nil), ("for=192.0.2.1 ; proto=https", "192.0.2.1", true),
            // More than one byte for a character.
            (#"for=192.0.2.1;by="\é ü \"ß""#, "192.0.2.1", nil),
        ] as [(String, String, Bool?)])
    func `Forwarded says the same`(field: String, client: String, isSecure: Bool?) throws {
        let forwarding = try forwarding([("Forwarded", field)])
        #expect(forwarding.client?.ipAddress == client)
        #expect(forwarding.isSecure == isSecure)
    }

    @Test(arguments: [("http", false), ("https", true), ("HTTPS", true), ("https, https", true)])
    func `the scheme is what the proxy says`(value: String, isSecure: Bool) throws {
        #expect(try forwarding([("X-Forwarded-Proto", value)]).isSecure == isSecure)
    }

    static let broken: [[(String, String)]] =
        [
            "", ",", "192.0.2.1,", "192.0.2.256", "192.0.2", "localhost", "192.0.2.1 192.0.2.2", "192.0.2.1:",
            "192.0.2.1:x",
            "192.0.2.1:123456", "[192.0.2.1]", "[2001:db9::1", "2001:db9::1]", "[2001:db9::1]x", "[2001:db9::1]:", "[]",
            "fe80::1%eth0", ":::", "_", "_a b", "\"192.0.2.1\"", "192.0.2.1, garbage", "0x7f.1", "1", "192.0.2.1/32",
        ].map { [("X-Forwarded-For", $0)] }
        + [
            "", ",", "for", "for=", "=192.0.2.1", "for=192.0.2.1,", "for=192.0.2.1;", "for=192.0.2.1;;proto=http",
            "for=192.0.2.1 proto=http", "for=2001:db9::1", "for=\"192.0.2.1", "for=\"192.0.2.1\\",
            "for=192.0.2.1;for=192.0.2.1",
            "for=192.0.2.1;proto=ftp", "for = 192.0.2.1", "for=\"\"", "for=192.0.2.1; , for=192.0.2.1",
            "for=\"x\", for=192.0.2.1x", "for=\"é\"", "for=\"é", "é", "for=é",
        ].map { [("Forwarded", $0)] }
        + ["", "ftp", "https,", "http, https", "https http", "on"].map { [("X-Forwarded-Proto", $0)] }
        + [
            [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")],
            [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.2")],
            [("X-Forwarded-Proto", "https"), ("Forwarded", "for=192.0.2.2;proto=http")],
        ]

    @Test(arguments: broken.indices)
    func `malformed and contradicting fields of a trusted proxy are refused`(index: Int) {
        let fields = Self.broken[index]
        #expect(throws: RequestError.forwarding, "\(fields)") { try forwarding(fields) }
        // From others they mean nothing, whatever they hold.
        #expect(throws: Never.self, "\(fields)") { try forwarding(fields, from: "192.0.2.9") }
    }

    @Test
    func `fields that agree are no contradiction`() throws {
        let forwarding = try forwarding([
            ("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=\"192.0.2.1:4711\";proto=https"),
            ("X-Forwarded-Proto", "https"),
        ])
        #expect(forwarding.client?.ipAddress == "192.0.2.1")
        #expect(forwarding.isSecure == true)
    }

    @Test(arguments: [false, true])
    func `nobody else is believed`(isConfigured: Bool) throws {
        let forwarding = try forwarding(
            [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1"), ("X-Forwarded-Proto", "https")],
            from: isConfigured ? "192.0.2.9" : "10.0.0.1", through: isConfigured ? Self.proxies : nil)
        #expect(forwarding.client?.ipAddress == (isConfigured ? "192.0.2.9" : "10.0.0.1"))
        #expect(forwarding.client?.port == 1234)
        #expect(forwarding.isSecure == nil)
        #expect(!forwarding.isBelieved)
    }
}
