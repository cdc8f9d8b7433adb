import Testing
import TextEncodings

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("plain-._~", "plain-._~"), ("a b", "a%20b"), ("a/b:c", "a%2Fb%3Ac"), ("100%", "100%25"), ("ä+", "%C3%A4%2B"),
        ("", ""),
    ])
    func `what is encoded is decoded to the same`(plain: String, coded: String) {
        #expect(PercentEncoding.encoded(plain) == coded)
        #expect(PercentEncoding.decoded(coded) == plain)
        #expect(PercentEncoding.decoded(coded.lowercased()) == plain)
    }

    @Test func `what is to be kept is kept`() {
        #expect(PercentEncoding.encoded("a/b c:d", keeping: "/") == "a/b%20c%3Ad")
        #expect(PercentEncoding.encoded("a/b c:d", keeping: "/:") == "a/b%20c:d")
    }

    @Test func `a plus is a space only where that is said`() {
        #expect(PercentEncoding.decoded("a+b") == "a+b")
        #expect(PercentEncoding.decoded("a+b%2B", plusIsSpace: true) == "a b+")
    }

    @Test(arguments: ["%", "%4", "a%", "%+A", "%-1", "% 1", "%0x", "%ZZ", "%C3", "%FF"])
    func `what is no encoding, or no text, is nothing`(text: String) {
        #expect(PercentEncoding.decoded(text) == nil)
        #expect(PercentEncoding.decoded(text, plusIsSpace: true) == nil)
    }
}
