import Testing

import TextEncodings
@testable import Upstream

@Suite struct HeaderTests {
    @Test func aContentRangeSaysWhichBytes() {
        let range = ContentRange("bytes 5-9/20")
        #expect(range?.bytes == 5...9)
        #expect(range?.total == 20)
        #expect(range?.length == 5)
        #expect(ContentRange("Bytes 0-0/*")?.bytes == 0...0)
    }

    @Test(arguments: [
        "", "bytes", "bytes */20", "bytes 9-5/20", "bytes 5-20/20", "bytes -5/20", "bytes 5-/20", "items 1-2/3",
        "bytes 1-2", "bytes 1-2/3/4", "bytes +1-2/3", "bytes 1-9223372036854775807/*", "bytes 1-99999999999999999999/*",
    ])
    func aContentRangeThatSaysNothingIsNil(text: String) {
        #expect(ContentRange(text) == nil)
    }

    @Test(
        arguments: [
            ("120", 120), ("0", 0), ("99999999999999999999", 900), ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0), ("Sun, 06 Nov 2094 08:49:37 GMT", 900),
            ("-1", nil), ("soon", nil), ("", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
        ] as [(String, Int?)])
    func retryAfterIsSecondsOrADate(text: String, wanted: Int?) {
        #expect(RetryAfter.seconds(text, now: 784_111_740) == wanted)
    }

    @Test(
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Fri, 31 Dec 2100 23:59:59 GMT", 4_133_980_799), ("Sat, 01 Mar 2025 00:00:00 GMT", 1_740_787_200),
        ] as [(String, Int64)])
    func datesCountFrom1970(text: String, wanted: Int64) {
        #expect(RetryAfter.date(text) == wanted)
    }

    @Test(
        arguments: [
            (#"</v2/a/tags/list?n=5&last=x>; rel="next""#, "/v2/a/tags/list?n=5&last=x"),
            (#"<b>;rel=next"#, "b"), (#"<a>; rel="prev", <b>; Rel="next""#, "b"), (#"<a>; rel="prev""#, nil),
            ("rel=next", nil), ("<a", nil), ("><; rel=next", nil), ("", nil),
        ] as [(String, String?)])
    func theNextPageIsFound(text: String, wanted: String?) {
        #expect(LinkHeader.next(in: [text]) == wanted)
    }

    @Test(
        arguments: [
            (#"{"token":"t"}"#, "t", 60), (#"{"access_token":"a","expires_in":300}"#, "a", 300),
            (#"{"token":"","access_token":"a"}"#, "a", 60), (#"{"token":"t","expires_in":0}"#, "t", 60),
            (#"{"token":"t","expires_in":-5}"#, "t", 60), (#"{"token":"t","expires_in":"90"}"#, "t", 90),
            (#"{"token":"t","expires_in":1e300}"#, "t", 60), (#"{"token":"t","expires_in":[]}"#, "t", 60),
            (#"{"token":"t","expires_in":3600.7}"#, "t", 3600), (#"{"token":"t","expires_in":99999999}"#, "t", 86400),
        ] as [(String, String, Int64)])
    func tokensAreRead(json: String, text: String, lifetime: Int64) {
        let token = IssuedToken(json: json.utf8)
        #expect(token?.text == text)
        #expect(token?.lifetime == lifetime)
    }

    @Test(arguments: ["", "{}", "[]", #"{"token":5}"#, #"{"token":"a\r\nX: y"}"#, #"{"token":"a b"}"#, "<html>"])
    func whatIsNoTokenIsRefused(json: String) {
        #expect(IssuedToken(json: json.utf8) == nil)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("\u{ff}", "w78="),
    ])
    func base64IsThatOfRFC4648(text: String, wanted: String) {
        #expect(Base64.standard.encode(text.utf8) == wanted)
    }
}
