import Testing

@testable import Upstream

@Suite struct AbsoluteURLTests {
    private let base = AbsoluteURL("https://registry.example:5000/v2/a/blobs/x?y=z")

    @Test(arguments: [
        ("https://Auth.Example/token", "https://auth.example/token"),
        ("HTTP://a", "http://a/"), ("http://a:80/", "http://a/"), ("https://a:443", "https://a/"),
        ("//cdn.example/b?c#d", "https://cdn.example/b?c"), ("/t", "https://registry.example:5000/t"),
        ("?q", "https://registry.example:5000/v2/a/blobs/x?q"), ("y", "https://registry.example:5000/v2/a/blobs/y"),
        ("../../t/./u/..", "https://registry.example:5000/v2/t/"), ("/../../x", "https://registry.example:5000/x"),
        ("", "https://registry.example:5000/v2/a/blobs/x?y=z"),
        ("#f", "https://registry.example:5000/v2/a/blobs/x?y=z"),
        ("./a:b", "https://registry.example:5000/v2/a/blobs/a:b"), ("https://[::1]:8/x", "https://[::1]:8/x"),
    ])
    func referencesResolve(reference: String, wanted: String) {
        #expect(base?.resolving(reference)?.text == wanted)
    }

    @Test(arguments: [
        "ftp://a/", "file:///etc/passwd", "javascript:alert(1)", "https:a", "https:///a", "https://user:pw@a/",
        "https://a b/", "https://a\\@b/", "https://a:0/", "https://a:65536/", "https://a:x/", "https://[::1/",
        "https://[x]/",
        "https://a%2f/", "//", "https://0xA9FEA9FE/", "https://2852039166/", "https://169.254.43518/",
        "https://0251.0376.1.1/", "https://127.1/", "a\r\nb", "https://ä/",
    ])
    func whatIsNoPlainURLIsRefused(reference: String) {
        #expect(base?.resolving(reference) == nil)
    }

    @Test(arguments: [
        ("169.254.169.254", true), ("[fe80::1]", true), ("[FEBF::1]", true), ("[::ffff:169.254.169.254]", true),
        ("[::ffff:a9fe:a9fe]", true), ("[fd00:ec2::254]", true), ("[64:ff9b::169.254.1.1]", true),
        ("127.0.0.1", false), ("169.253.1.1", false), ("[::1]", false), ("[fec0::1]", false), ("example.com", false),
    ])
    func linkLocalAddressesAreKnown(host: String, isLinkLocal: Bool) throws {
        let url = try #require(AbsoluteURL("https://\(host)/"))
        #expect(url.origin.isLinkLocal == isLinkLocal)
    }
}
