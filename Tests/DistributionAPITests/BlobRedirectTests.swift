import Access
import HTTPServer
import NIOCore
import NIOHTTP1
import Testing

@testable import DistributionAPI

/// Who is sent to the bucket.
@Suite struct BlobRedirectTests {
    private func request(
        _ address: String?, method: HTTPMethod = .GET, headers: HTTPHeaders = [:]
    ) throws -> Request {
        Request(
            method: method, target: "/v2/a/blobs/x", headers: headers,
            clientAddress: try address.map { try SocketAddress(ipAddress: $0, port: 1) })
    }

    private func networks() throws -> [ClientAddressBlock] {
        try ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"].map { try #require(ClientAddressBlock($0)) }
    }

    @Test(
        arguments: [
            ("10.1.2.3", true), ("11.1.2.3", false), ("192.0.2.7", true), ("192.0.2.8", false), ("2001:db8::1", true),
            ("2001:db9::1", false), (nil, false),
        ] as [(String?, Bool)])
    func thoseOfTheNetworksAreWhereItIsDecidedByThem(address: String?, isTaken: Bool) throws {
        let (auto, request) = (BlobRedirects(.auto, networks: try networks()), try request(address))
        #expect(auto.takes(request) == isTaken)
        #expect(BlobRedirects(.always, networks: []).takes(request))
        #expect(!BlobRedirects(.never, networks: try networks()).takes(request))
    }

    @Test(arguments: BlobRedirects.Mode.allCases) func nobodyIsWhoAsksForNoneOrForNoContent(mode: BlobRedirects.Mode)
        throws
    {
        let redirects = BlobRedirects(mode, networks: try networks())
        #expect(!redirects.takes(try request("10.1.2.3", headers: ["x-entrepot-no-redirect": "1"])))
        #expect(!redirects.takes(try request("10.1.2.3", method: .HEAD)))
    }
}
