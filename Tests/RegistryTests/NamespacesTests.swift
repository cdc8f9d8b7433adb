import OCI
import Registry
import TestSupport
import Testing

@Suite struct NamespacesTests {
    private func namespaces() throws -> Namespaces {
        func key(_ text: String) throws -> RepositoryName { try #require(RepositoryName(text)) }
        let upstream = ScriptedUpstream()
        return Namespaces(
            [
                .test(key: try key("docker.io"), host: "docker.io", upstreams: [upstream], impliesLibrary: true),
                .test(key: try key("quay.io"), host: "quay.io", upstreams: [upstream]),
                .test(key: try key("quay.io/team"), host: nil, upstreams: [upstream]),
                .test(key: try key("lan"), host: "registry.lan:5000", upstreams: [upstream]),
                .test(key: try key("local"), host: nil, upstreams: []),
            ], fallback: try key("docker.io"))
    }

    @Test(
        arguments: [
            // path, ns, stored under, asked for
            ("docker.io/library/nginx", nil, "docker.io/library/nginx", "library/nginx"),
            ("docker.io/nginx", nil, "docker.io/library/nginx", "library/nginx"),
            ("quay.io/a/b", nil, "quay.io/a/b", "a/b"),
            ("quay.io/team/app", nil, "quay.io/team/app", "app"),
            ("quay.io/teams/app", nil, "quay.io/teams/app", "teams/app"),
            ("library/debian", nil, "docker.io/library/debian", "library/debian"),
            ("debian", nil, "docker.io/library/debian", "library/debian"),
            ("library/nginx", "docker.io", "docker.io/library/nginx", "library/nginx"),
            ("a/b", "quay.io", "quay.io/a/b", "a/b"),
            ("a/b", "QUAY.IO", "quay.io/a/b", "a/b"),
            ("quay.io/a/b", "quay.io", "quay.io/a/b", "a/b"),
            ("x/y", "registry.lan:5000", "lan/x/y", "x/y"),
            ("lan/x/y", "registry.lan:5000", "lan/x/y", "x/y"),
            ("local/app", nil, "local/app", "app"),
            ("local", nil, "local", "local"),
        ] as [(String, String?, String, String)])
    func names(path: String, host: String?, stored: String, remote: String) throws {
        let repository = try namespaces().repository(try #require(RepositoryName(path)), host: host)
        #expect(repository.name.value == stored)
        #expect(repository.remoteName.value == remote)
    }

    /// However a name is written, it is that of the namespace with the longest key: its policy and upstreams count.
    @Test(
        arguments: [
            ("team/app", "quay.io", "quay.io/team"), ("quay.io/team/app", "quay.io", "quay.io/team"),
            ("secret/x", nil, "local/secret"), ("local/secret/x", nil, "local/secret"), ("secret", nil, "local/secret"),
            ("docker.io/debian", nil, "docker.io/library"), ("debian", "docker.io", "docker.io/library"),
            ("other/x", nil, "local"), ("teams/app", "quay.io", "quay.io"),
        ] as [(String, String?, String)])
    func noWayLeadsAroundANamespaceWithinAnother(path: String, host: String?, key: String) throws {
        func name(_ text: String) throws -> RepositoryName { try #require(RepositoryName(text)) }
        let upstream = ScriptedUpstream()
        let namespaces = Namespaces(
            [
                .test(key: try name("quay.io"), host: "quay.io", upstreams: [upstream]),
                .test(key: try name("quay.io/team"), host: nil, upstreams: [upstream]),
                .test(key: try name("docker.io"), host: "docker.io", upstreams: [upstream], impliesLibrary: true),
                .test(key: try name("docker.io/library"), host: nil, upstreams: [upstream]),
                .test(key: try name("local"), host: nil, upstreams: []),
                .test(key: try name("local/secret"), host: nil, upstreams: []),
            ], fallback: try name("local"))
        #expect(try namespaces.repository(try name(path), host: host).namespace.key.value == key)
    }

    @Test func anUnknownRegistryGetsNothingNotEvenTheDefault() throws {
        let name = try #require(RepositoryName("library/debian"))
        let error = #expect(throws: RegistryError.self) { try namespaces().repository(name, host: "evil.example") }
        #expect(error?.code == .nameUnknown)
    }
}
