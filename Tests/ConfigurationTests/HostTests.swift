import Configuration
import OCI
import Testing

@Suite struct HostTests {
    @Test(arguments: ["127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1", "localhost", "registry.example.com", "a_b"])
    func `addresses and host names can be bound`(text: String) {
        #expect(BindAddress(text)?.host == text)
    }

    @Test(arguments: ["", " ", "127.0.0.1:5000", "[::1]", "1.2.3", "256.1.1.1", "a b", "-a", "a-", "a..b", "http://a"])
    func `anything else cannot`(text: String) {
        #expect(BindAddress(text) == nil)
    }

    @Test(arguments: [
        ("docker.io", "docker.io"), ("Docker.IO", "docker.io"), ("localhost:5000", "localhost:5000"),
        ("[::1]:5000", "[::1]:5000"), ("10.0.0.1:80", "10.0.0.1:80"),
    ])
    func `a registry's host has lower case and may have a port`(text: String, canonical: String) {
        #expect(RegistryHost(text)?.text == canonical)
    }

    @Test(arguments: ["", "https://docker.io", "docker.io/library", "docker.io:", "docker.io:x", "a b", "::1"])
    func `a URL or a path is no registry's host`(text: String) {
        #expect(RegistryHost(text) == nil)
    }

    @Test(arguments: [
        ("docker.io", "docker.io"), ("localhost", "localhost"), ("registry.k8s.io", "registry.k8s.io"),
        ("local", nil), ("docker.io/library", nil), ("a/b.c", nil),
    ])
    func `a name implies a host where it looks like one`(name: String, host: String?) throws {
        #expect(RegistryHost(impliedBy: try #require(RepositoryName(name)))?.text == host)
    }
}
