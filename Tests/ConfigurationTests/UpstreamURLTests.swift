import Configuration
import OCI
import Testing

@Suite struct UpstreamURLTests {
    @Test(arguments: [
        ("https://ghcr.io", "https://ghcr.io", nil),
        ("https://ghcr.io/", "https://ghcr.io", nil),
        ("https://ghcr.io/v2", "https://ghcr.io", nil),
        ("https://ghcr.io/v2/", "https://ghcr.io", nil),
        ("HTTPS://GHCR.io/v2/a/b", "https://ghcr.io/a/b", "a/b"),
        ("http://localhost:5000/team", "http://localhost:5000/team", "team"),
        ("http://127.0.0.1:5000/v2/v2", "http://127.0.0.1:5000/v2", "v2"),
        ("https://[::1]:5000/x", "https://[::1]:5000/x", "x"),
        ("https://docker.io/v2/library", "https://registry-1.docker.io/library", "library"),
        ("https://index.docker.io/v2/library", "https://registry-1.docker.io/library", "library"),
        ("https://registry-1.docker.io/v2/library", "https://registry-1.docker.io/library", "library"),
        ("http://my_registry:5000", "http://my_registry:5000", nil),
    ])
    func `the forms in the wild are understood`(text: String, canonical: String, prefix: String?) throws {
        let url = try UpstreamURL(text)
        #expect(url.description == canonical)
        #expect(url.prefix == prefix.flatMap { RepositoryName($0) })
    }

    @Test(arguments: [
        ("https://docker.io", true), ("https://index.docker.io", true), ("https://registry-1.docker.io", true),
        ("https://ghcr.io", false), ("https://docker.io.example.com", false),
    ])
    func `Docker Hub is known under its names`(text: String, isDockerHub: Bool) throws {
        let url = try UpstreamURL(text)
        #expect(url.isDockerHub == isDockerHub)
        #expect((url.host == "registry-1.docker.io") == isDockerHub)
    }

    @Test func `an IPv6 host is kept without brackets and written with them`() throws {
        let url = try UpstreamURL("https://[FE80::1]:5000")
        #expect(url.host == "fe80::1")
        #expect(url.port == 5000)
        #expect(url.authority == "[fe80::1]:5000")
    }

    @Test(arguments: [
        ("ghcr.io", "scheme"), ("ftp://ghcr.io", "scheme"), ("https://", "host"), ("https:///v2", "host"),
        ("https://user:pass@ghcr.io", "user info"), ("https://ghcr.io/x@y", "user info"),
        ("https://ghcr.io?a=b", "query"), ("https://ghcr.io/#x", "fragment"), ("https://ghcr.io:0", "port"),
        ("https://ghcr.io:65536", "port"), ("https://ghcr.io:", "port"), ("https://ghcr.io:+80", "port"),
        ("https://gh cr.io", "host"), ("https://1.2.3", "host"), ("https://[::1", "host"),
        ("https://[ghcr.io]", "IPv6"),
        ("https://ghcr.io//x", "path"), ("https://ghcr.io/Upper", "path"), ("https://ghcr.io/../x", "path"),
        ("https://ghcr.io/a%2fb", "path"), ("https://-x.io", "host"),
        ("https://ghcr.io/" + String(repeating: "a", count: 3000), "2048"),
    ])
    func `a wrong one says what is wrong and what to do`(text: String, about: String) {
        let error = #expect(throws: UpstreamURLError.self) { try UpstreamURL(text) }
        #expect(error?.message.contains(about) == true)
        #expect(error?.remedy.isEmpty == false)
    }

    @Test func `user info is never repeated`() {
        let error = #expect(throws: UpstreamURLError.self) { try UpstreamURL("https://u:hunter2@ghcr.io") }
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }
}
