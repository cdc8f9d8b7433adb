import Testing

@testable import SigV4

/// The examples that AWS publishes ("Signature Calculations for the Authorization Header" and "Authenticating Requests:
/// Using Query Parameters" of the S3 API reference; the test suite of Signature Version 4), and keys signed by botocore.
@Suite struct SigV4SignerTests {
    private let example = SigV4Signer(
        SigV4Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1")
    private let time = SigV4Time(seconds: 1_369_353_600)

    private func signature(_ request: SigV4Request) -> String? {
        example.headers(for: request, at: time).last?.value.split(separator: "=").last.map(String.init)
    }

    private func bucket(_ items: SigV4Request.Item...) -> [SigV4Request.Item] {
        [.init("Host", "examplebucket.s3.amazonaws.com")] + items
    }

    @Test func aRangeIsAskedForAsAWSShows() {
        let request = SigV4Request(
            method: "GET", path: "/test.txt", headers: bucket(.init("Range", "bytes=0-9")))
        #expect(signature(request) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(
            example.headers(for: request, at: time).last?.value.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                    + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=") == true)
    }

    @Test func anObjectIsPutAsAWSShows() {
        let payload = Array("Welcome to Amazon S3.".utf8).withUnsafeBytes { SigV4Request.Payload.hashing($0) }
        let request = SigV4Request(
            method: "PUT", path: "/test$file.text",
            headers: bucket(
                .init("Date", "Fri, 24 May 2013 00:00:00 GMT"), .init("x-amz-storage-class", "REDUCED_REDUNDANCY")),
            payload: payload)
        #expect(payload.text == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
        #expect(signature(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func aQueryWithoutAValueIsSignedAsAWSShows() {
        let request = SigV4Request(method: "GET", path: "/", query: [.init("lifecycle", "")], headers: bucket())
        #expect(signature(request) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test func aListIsAskedForAsAWSShows() {
        let request = SigV4Request(
            method: "GET", path: "/", query: [.init("prefix", "J"), .init("max-keys", "2")], headers: bucket())
        #expect(signature(request) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test func anAddressIsSignedAsAWSShows() {
        let request = SigV4Request(method: "GET", path: "/test.txt", headers: bucket())
        #expect(
            example.presignedQuery(for: request, at: time, lifetime: 86_400)
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    }

    /// Of the test suite: name, method, query, further headers, signature.
    private static let suite: [(String, String, [SigV4Request.Item], [SigV4Request.Item], String)] = [
        ("get-vanilla", "GET", [], [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("post-vanilla", "POST", [], [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "get-vanilla-query-order-key-case", "GET", [.init("Param2", "value2"), .init("Param1", "value1")], [],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
    ]

    @Test(arguments: suite.indices) func theTestSuiteIsSignedAsItSays(index: Int) {
        let (name, method, query, headers, expected) = Self.suite[index]
        let signer = SigV4Signer(
            SigV4Credentials(accessKeyID: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "service")
        let time = SigV4Time(seconds: 1_440_938_160)
        let request = SigV4Request(
            method: method, path: "/", query: query, headers: [.init("Host", "example.amazonaws.com")] + headers)
        let value = signer.authorization(for: request, adding: [.init("X-Amz-Date", time.stamp)], at: time).last?.value
        #expect(value?.hasSuffix("Signature=\(expected)") == true, "\(name)")
    }

    @Test(arguments: HostileKeys.all.indices) func noKeyIsSignedOtherwiseThanByOthers(index: Int) {
        let (key, query, token, headers, presigned) = HostileKeys.all[index]
        let queries: [[SigV4Request.Item]] = [
            [], [.init("prefix", "a/b c+ü&="), .init("list-type", "2"), .init("start-after", "~")],
            [.init("uploads", "")],
        ]
        let signer = SigV4Signer(
            SigV4Credentials(accessKeyID: "AKID", secretKey: "secret/+key", sessionToken: token),
            region: "eu-central-1")
        let time = SigV4Time(seconds: 1_767_323_045)
        let request = SigV4Request(
            method: "GET", path: "/bucket/" + key, query: queries[query],
            headers: [.init("host", "store.test:9000")])
        #expect(signer.headers(for: request, at: time).last?.value.hasSuffix("Signature=\(headers)") == true)
        #expect(signer.presignedQuery(for: request, at: time, lifetime: 600).hasSuffix("Signature=\(presigned)"))
    }

    @Test func valuesAreTrimmedAndNamesJoined() {
        let (names, lines) = SigV4Signer.canonical([
            .init("My-Header2", "  \"a   b   c\" "), .init("my-header1", " value1"), .init("My-Header1", "value2\t"),
        ])
        #expect(names == "my-header1;my-header2")
        #expect(lines == "my-header1:value1,value2\nmy-header2:\"a b c\"\n")
    }

    @Test(
        arguments: [
            (0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"),
            (1_709_251_199, "20240229T235959Z"), (4_107_542_400, "21000301T000000Z"), (-1, "19691231T235959Z"),
        ] as [(Int64, String)])
    func timesAreThoseOfTheCalendar(seconds: Int64, text: String) {
        #expect(SigV4Time(seconds: seconds).stamp == text)
    }

    @Test func secretsDoNotPrint() {
        let credentials = SigV4Credentials(accessKeyID: "AKID", secretKey: "hush", sessionToken: "quiet")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("hush") && !text.contains("quiet"))
        }
    }

    @Test func theSumOfADeletionIsThatOfRFC1864() {
        #expect(Array("".utf8).withUnsafeBytes { ContentMD5.of($0) } == "1B2M2Y8AsgTpgAmY7PhCfg==")
        #expect(Array("abc".utf8).withUnsafeBytes { ContentMD5.of($0) } == "kAFQmDzST7DWlj99KOF/cg==")
    }
}
