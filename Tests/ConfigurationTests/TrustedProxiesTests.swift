import Access
import Configuration
import Testing

/// `server.trusted_proxies`, `server.proxy_protocol`, and the openness that nobody spoke of.
@Suite struct TrustedProxiesTests {
    private let files: TemporaryFiles

    init() throws {
        files = try TemporaryFiles()
    }

    private func load(_ text: String) throws -> Configuration {
        try ConfigurationLoader.load(files: [files.write("0.toml", text)], environment: [:])
    }

    @Test func `addresses and blocks are taken, and come back as they were meant`() throws {
        let configuration = try load(
            """
            [server]
            trusted_proxies = ["192.0.2.1", "10.9.0.0/8", "2001:DB8::/32", "::1"]
            proxy_protocol = true
            """)
        #expect(
            configuration.server.trustedProxies.map(\.description) == [
                "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "::1",
            ])
        #expect(configuration.server.proxyProtocol)
        #expect(try load(configuration.toml()).server == configuration.server)
        #expect(try load("").server.trustedProxies.isEmpty)
    }

    @Test(arguments: [
        (#"trusted_proxies = ["10.0.0.0/8", "proxy.example"]"#, "server.trusted_proxies[1]"),
        (#"trusted_proxies = ["10.0.0.0/33"]"#, "server.trusted_proxies[0]"),
        (#"trusted_proxies = ["10.0.0.1:80"]"#, "server.trusted_proxies[0]"),
        (#"trusted_proxies = "10.0.0.1""#, "server.trusted_proxies"),
        ("proxy_protocol = true", "server.proxy_protocol"),
        ("trusted_proxies = []\nproxy_protocol = true", "server.proxy_protocol"),
    ])
    func `what names no proxy is a problem`(keys: String, path: String) throws {
        let error = #expect(throws: ConfigurationProblems.self) { try load("[server]\n" + keys) }
        #expect(error?.problems.map(\.description).allSatisfy { $0.contains(path) } == true)
    }

    @Test(arguments: [
        ("", true), ("[global]\ndefault_access = \"open\"", false), ("[global]\ndefault_access = \"reads\"", false),
        ("[server]\nbind_address = \"192.0.2.1\"\n[repository.local]", false),
        ("[repository.local.access_policy]\ndefault_allow = true", false),
    ])
    func `openness is unsaid only where nothing is said and only this machine can come`(text: String, isUnsaid: Bool)
        throws
    {
        #expect(try load(text).isOpenUnsaid == isUnsaid)
    }
}
