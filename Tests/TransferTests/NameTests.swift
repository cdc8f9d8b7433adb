import OCI
import Testing
import Transfer

@Suite struct NameTests {
    @Test(arguments: [
        ("alpine", "docker.io/library/alpine", nil), ("alpine:3.20", "docker.io/library/alpine", "3.20"),
        ("bitnami/redis:7", "docker.io/bitnami/redis", "7"), ("quay.io/a/b:c", "quay.io/a/b", "c"),
        ("localhost:5000/a", "localhost/a", nil), ("localhost/a:1", "localhost/a", "1"),
        ("index.docker.io/library/x", "docker.io/library/x", nil), ("docker.io/x:1", "docker.io/library/x", "1"),
        ("registry.example.com:5000/team/app:2", "registry.example.com/team/app", "2"),
    ])
    func dockersNamesAreUnderstood(text: String, repository: String, tag: String?) throws {
        let name = try #require(ImageName(docker: text))
        #expect(name.repository.value == repository)
        #expect(name.tag?.value == tag)
    }

    @Test(arguments: ["", ":", "a:", "A/b", "a@sha256:12", "a b", "../x", "a//b", "a:tag:tag"])
    func whatIsNoNameIsNone(text: String) {
        #expect(ImageName(text) == nil)
        #expect(ImageName(docker: text) == nil)
    }

    @Test(arguments: [
        ("1.2*", "1.2", true), ("1.2*", "1.25", true), ("1.2*", "1.3", false), ("*", "anything", true),
        ("*-alpine", "3-alpine", true), ("*-alpine", "alpine", false), ("a*b*c", "axxbyyc", true),
        ("a*b*c", "axxc", false), ("1*1", "1", false), ("1*1", "11", true),
    ])
    func starsStandForAnything(pattern: String, tag: String, matches: Bool) throws {
        #expect(try ImagePattern.matches(#require(Tag(tag)), pattern) == matches)
    }

    @Test func patternsAreTold() {
        for text in ["local/app:1.2*", "local/", "local/app:1", "local/app"] {
            #expect(ImagePattern(text)?.description == text)
        }
        for text in ["local/a*", "*", "Local/", "local/app:1/*"] { #expect(ImagePattern(text) == nil) }
    }
}
