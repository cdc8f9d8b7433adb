import OCI
import Testing

@Suite struct NameTests {
    @Test(arguments: ["a", "library/debian", "docker.io/library/nginx", "a__b", "a_b", "a---b", "a.b-c_d/e", "0"])
    func repositoryNamesThatTheGrammarAllows(text: String) {
        #expect(RepositoryName(text)?.value == text)
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "a//b", "A", "a..b", "a___b", "a._b", "-a", "a-", ".a", "a.", "_a", "a_", "a_-b", "a/../b",
        "ä",
        "a b", "a\u{0}", String(repeating: "a", count: 256),
    ])
    func repositoryNamesThatItDoesNot(text: String) {
        #expect(RepositoryName(text) == nil)
    }

    @Test func prefixesEndAtComponentBoundaries() throws {
        let name = try #require(RepositoryName("docker.io/library/nginx"))
        let hub = try #require(RepositoryName("docker.io"))
        let half = try #require(RepositoryName("docker.io/lib"))
        #expect(name.hasPrefix(hub))
        #expect(!name.hasPrefix(half))
        #expect(name.dropping(prefix: hub)?.value == "library/nginx")
        #expect(name.dropping(prefix: name) == nil)
        #expect(name.dropping(prefix: half) == nil)
        #expect(RepositoryName("x")?.prefixed(by: hub)?.value == "docker.io/x")
        #expect(RepositoryName(String(repeating: "x", count: 250))?.prefixed(by: hub) == nil)
    }

    @Test(arguments: ["latest", "_x", "V1.0-rc_1", "0", String(repeating: "t", count: 128)])
    func tagsThatTheGrammarAllows(text: String) {
        #expect(Tag(text)?.value == text)
    }

    @Test(arguments: ["", ".x", "-x", "a/b", "a:b", "a b", "ä", String(repeating: "t", count: 129)])
    func tagsThatItDoesNot(text: String) {
        #expect(Tag(text) == nil)
    }

    @Test func aReferenceWithAColonIsADigestOrNothing() {
        #expect(Reference("sha256:abc") == nil)
        #expect(Reference("v1") == Tag("v1").map { .tag($0) })
        #expect(Reference("sha256:\(DigestTests.hex256)") == Digest("sha256:\(DigestTests.hex256)").map { .digest($0) })
    }
}
