import Configuration
import Testing

@Suite struct ConfigurationTOMLTests {
    @Test func `the shown default loads back to an equal configuration`() throws {
        let environment = ["XDG_DATA_HOME": "/var/lib"]
        let configuration = try ConfigurationLoader.load(files: [], environment: environment)
        #expect(try ConfigurationLoader.load(text: configuration.toml()) == configuration)
    }

    @Test func `any other loads back as well, its passwords kept elsewhere`() throws {
        let files = try TemporaryFiles()
        let pem = try files.write("a \"quoted\" name.pem", "x")
        let quoted = pem.replacing("\"", with: "\\\"")
        let configuration = try ConfigurationLoader.load(
            text: """
                max_concurrent_requests = 5
                [server]
                bind_address = "::1"
                port = 0
                query_timeout = 0.5
                streaming_chunk_size = 5242881
                default_repository = "a/b"
                shutdown_delay = "1h1m1s1ms"
                [server.tls]
                server_certificate_bundle = "\(quoted)"
                server_private_key = "\(quoted)"
                client_ca_bundle = "\(quoted)"
                client_auth = "required"
                [log]
                level = "critical"
                format = "json"
                [fills]
                max_orphans = 0
                [uploads]
                expiry = "90m"
                [repository.local]
                allow_missing_references = false
                immutable_tags = true
                [repository."a/b"]
                namespace = "A.example:5000"
                tag_ttl = 0
                mode = "overlay"
                write_refusal_status = 403
                [[repository."a/b".upstream]]
                url = "http://[::1]:5001/v2/x/y"
                server_ca_bundle = "\(quoted)"
                client_certificate = "\(quoted)"
                client_private_key = "\(quoted)"
                username = "u"
                password_env = "P"
                """, environment: ["P": "p"])
        #expect(try ConfigurationLoader.load(text: configuration.toml(), environment: ["P": "p"]) == configuration)
    }
}
