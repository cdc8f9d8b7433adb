import CurlClient
import Foundation
import TestSupport
import Testing

@Suite struct AddressRangesTests {
    @Test(
        arguments: [
            ("127.0.0.1", .loopback), ("0.0.0.0", .loopback), ("169.254.169.254", .linkLocal), ("10.1.2.3", .private10),
            ("172.16.0.1", .private172), ("172.31.255.255", .private172), ("172.32.0.1", []), ("172.15.0.1", []),
            ("192.168.0.1", .private192), ("192.169.0.1", []), ("100.64.0.1", .shared), ("100.128.0.1", []),
            ("224.0.0.1", .reserved), ("255.255.255.255", .reserved), ("8.8.8.8", []),
            ("::1", .loopback), ("::", .loopback), ("fe80::1", .linkLocal), ("fd00:ec2::254", .linkLocal),
            ("fd12::1", .uniqueLocal), ("ff02::1", .reserved), ("2606:4700::1", []),
            ("::ffff:169.254.169.254", .linkLocal), ("::ffff:10.0.0.1", .private10), ("::7f00:1", .loopback),
            ("64:ff9b::a9fe:a9fe", .linkLocal), ("2002:a00:1::", .private10),
        ] as [(String, AddressRanges)])
    func anAddressLiesWhereTheRegistriesSay(text: String, ranges: AddressRanges) throws {
        var bytes = [UInt8](repeating: 0, count: text.contains(":") ? 16 : 4)
        try #require(inet_pton(bytes.count == 4 ? AF_INET : AF_INET6, text, &bytes) == 1)
        #expect(AddressRanges(of: bytes) == ranges)
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func aServerInARefusedNetworkIsNotAsked(host: String) async throws {
        try await ScriptedHTTPServer.run { _ in
            .answer(200, text: "secret")
        } _: { server in
            let curl = CurlClient(proxies: .none)
            let url = "http://\(host):\(server.port)/"
            let refusing = CurlRequest(url: url, settings: CurlSettings(refusedRanges: [.loopback, .linkLocal]))
            let refused = await #expect(throws: CurlError.self) { try await curl.execute(refusing) }
            #expect(refused?.code == .refusedAddress)
            #expect(server.requests.isEmpty)
            let taken = try await curl.execute(
                CurlRequest(url: url, settings: CurlSettings(refusedRanges: .linkLocal)))
            #expect(taken.peerRanges == .loopback)
            _ = try await taken.body.collect(upTo: 100)
            // The connection is there by now, and serves only whom it was made for.
            let again = await #expect(throws: CurlError.self) { try await curl.execute(refusing) }
            #expect(again?.code == .refusedAddress)
            await curl.shutdown()
        }
    }
}
