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
}
