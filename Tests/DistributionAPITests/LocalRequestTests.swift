import HTTPServer
import NIOCore
import NIOHTTP1
import Testing
import TestSupport

@testable import Access
@testable import DistributionAPI

/// Where everybody may write only because nothing is said.
struct LocalRequestTests {
    private static let here = ["Host": "localhost:5000"] as HTTPHeaders

    @Test(arguments: [
        "localhost", "localhost:5000", "LocalHost:1", "127.0.0.1", "127.0.0.1:5000", "127.8.9.1:80", "[::1]",
        "[::1]:5000",
    ])
    func `this machine's own users may write`(host: String) {
        for extra in [[:], ["Origin": "http://\(host)", "Sec-Fetch-Site": "same-origin"], ["Sec-Fetch-Site": "none"]] {
            var headers: HTTPHeaders = ["Host": host]
            for (name, value) in extra { headers.add(name: name, value: value) }
            #expect(LocalRequest.objection(to: Request(method: .PUT, target: "/", headers: headers)) == nil)
        }
    }

    @Test(arguments: [
        "evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1", "0.0.0.0",
        "[::]", "[2001:db8::1]:5000", "::1", "localhost.", "xlocalhost", "", "127.1", "2130706433", "[localhost]",
        "localhost:5000:5000", "[::1", "127.0.0.1:evil",
    ])
    func `a name that is not this machine's comes from elsewhere`(host: String) {
        #expect(LocalRequest.objection(to: Request(method: .PUT, target: "/", headers: ["Host": host])) != nil)
        #expect(LocalRequest.objection(to: Request(method: .PUT, target: "/")) != nil)
    }

    @Test(arguments: [
        ("X-Forwarded-For", "127.0.0.1"), ("x-forwarded-host", "localhost"), ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Port", "80"), ("X-Real-IP", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("Via", "1.1 proxy"),
        ("X-Forwarded-For", ""),
        ("Origin", "https://evil.example"), ("Origin", "null"), ("Origin", "http://localhost:3000"), ("Origin", ""),
        ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Site", "x"),
    ])
    func `proxies and strangers' pages are not this machine's users`(name: String, value: String) {
        var headers = Self.here
        headers.add(name: name, value: value)
        #expect(LocalRequest.objection(to: Request(method: .PUT, target: "/", headers: headers)) != nil)
    }

    @Test func `a proxy that says nothing is known by its version of HTTP`() {
        for (isVersion10, isHere) in [(true, false), (false, true)] {
            let request = Request(method: .PUT, target: "/", headers: Self.here, isVersion10: isVersion10)
            #expect((LocalRequest.objection(to: request) == nil) == isHere)
        }
    }

    @Test(arguments: [("127.0.0.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("192.0.2.1", false)])
    func `the client's address has to be this machine's`(address: String, isHere: Bool) throws {
        let request = Request(
            method: .PUT, target: "/", headers: Self.here, clientAddress: try SocketAddress(ipAddress: address, port: 1)
        )
        #expect((LocalRequest.objection(to: request) == nil) == isHere)
    }

    @Test
    func `writes from elsewhere are refused while reads are served, and where it is said nothing is asked`()
        async throws
    {
        try await Workshop.open { shop in
            for (isUnsaid, method, host, status) in [
                (true, HTTPMethod.POST, "localhost", HTTPResponseStatus.accepted),
                (true, .POST, "evil.example", .forbidden),
                (true, .DELETE, "evil.example", .forbidden), (true, .PUT, "evil.example", .forbidden),
                (true, .PATCH, "evil.example", .forbidden), (true, .GET, "evil.example", .notFound),
                (false, .POST, "evil.example", .accepted),
            ] {
                let access = AccessControl(policies: .open, isOpenUnsaid: isUnsaid)
                let path =
                    switch method {
                    case .GET, .DELETE: "/v2/local/x/manifests/v1"
                    case .POST: "/v2/local/x/blobs/uploads/"
                    default: "/v2/local/x/blobs/uploads/b1f2a5a0-0000-4000-8000-000000000000"
                    }
                let response = await PushClient(shop, access: access).api.respond(
                    to: Request(method: method, target: path, headers: ["Host": host]))
                #expect(response.status == status, "\(method) \(host)")
            }
        }
    }
}
