import CurlClient
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import SigV4
import Storage
import TestSupport
import Testing

@testable import S3Storage

/// Against answers of our own, which no server would give for long.
@Suite struct S3ClientTests {
    @Test(
        arguments: [
            ("Fri, 24 May 2013 00:00:00 GMT", 1_369_353_600), ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("yesterday", nil), ("Fri, 24 May 2013 25:00:00 GMT", nil), ("", nil),
        ] as [(String, Int64?)])
    func datesAreRead(text: String, seconds: Int64?) {
        #expect(HTTPDate.seconds(text) == seconds)
    }

    @Test func theTimesOfListsAreRead() {
        #expect(ISODate.seconds("2013-05-24T00:00:00.000Z") == 1_369_353_600)
        #expect(ISODate.seconds("2013-05-24T00:00:00Z") == 1_369_353_600)
        #expect(ISODate.seconds("2013-13-24T00:00:00Z") == nil)
        #expect(ISODate.seconds("") == nil)
    }

    @Test func aRegionIsFollowedOnlyToWhereOneCanBe() {
        var settings = S3Settings.test("s3.us-east-1.amazonaws.com", bucket: "b")
        settings.usesPathStyle = false
        var place = S3Place(settings)
        for region in ["us-east-1", "", "evil.test/", "eu west", String(repeating: "a", count: 41), "EU"] {
            let isFollowed = place.move(to: region)
            #expect(!isFollowed, "\(region)")
        }
        let isFollowed = place.move(to: "eu-central-1")
        #expect(isFollowed)
        #expect(place.authority == "s3.eu-central-1.amazonaws.com")
    }

    private struct Passing: S3CredentialSource {
        let expiry: Int64?
        func credentials() async throws(S3Error) -> S3Credentials {
            S3Credentials(SigV4Credentials(accessKeyID: "AKID", secretKey: "hush"), expiry: expiry)
        }
        func areReplaced(_ refused: S3Credentials) async -> Bool { false }
    }

    /// Seconds that credentials have left, and those of an address that was asked for 1200 seconds.
    @Test(
        arguments: [(nil, 1200), (5000, 1200), (1230, 1200), (630, 600), (60, 30), (59, nil), (-5, nil)]
            as [(Int64?, Int?)])
    func anAddressIsGoodNoLongerThanTheCredentials(left: Int64?, lifetime: Int?) async throws {
        let now: Int64 = 1_700_000_000
        let client = S3Client(
            .test("127.0.0.1:1", bucket: "b"), credentials: Passing(expiry: left.map { now + $0 }),
            curl: CurlClient(proxies: .none), now: { now })
        let address = try await client.presignedAddress(of: "k", lifetime: 1200)
        #expect((address != nil) == (lifetime != nil))
        if let lifetime { #expect(address?.contains("X-Amz-Expires=\(lifetime)&") == true, "\(address ?? "")") }
    }
}
