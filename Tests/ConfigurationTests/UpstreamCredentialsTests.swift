import Configuration
import OCI
import Testing

@Suite struct UpstreamCredentialsTests {
    private let files: TemporaryFiles

    init() throws {
        files = try TemporaryFiles()
    }

    private func credentials(_ keys: String, environment: [String: String] = [:]) throws -> UpstreamCredentials? {
        try ConfigurationLoader.load(
            text: "[[repository.x.upstream]]\nurl = \"https://x.io\"\n" + keys, environment: environment
        ).repositories[0].upstreams[0].credentials
    }

    @Test func `without username there are none`() throws {
        #expect(try credentials("") == nil)
    }

    @Test func `a password may be inline, in a file or in the environment`() throws {
        let file = try files.write("password", "hunter2\n")
        #expect(
            try credentials("username = \"u\"\npassword = \"hunter2\"")
                == UpstreamCredentials(username: "u", password: Secret("hunter2"), source: .inline))
        #expect(
            try credentials("username = \"u\"\npassword_file = \"\(file)\"")
                == UpstreamCredentials(username: "u", password: Secret("hunter2"), source: .file(path: file)))
        #expect(
            try credentials("username = \"u\"\npassword_env = \"P\"", environment: ["P": "hunter2"])
                == UpstreamCredentials(username: "u", password: Secret("hunter2"), source: .environment(name: "P")))
    }

    @Test(arguments: [("x", "x"), ("x\n", "x"), ("x\r\n", "x"), (" x y \n", " x y "), ("a\nb\n", "a\nb")])
    func `newlines at the end of a password file do not count`(content: String, password: String) throws {
        let file = try files.write("password", content)
        #expect(try credentials("username = \"u\"\npassword_file = \"\(file)\"")?.password.reveal() == password)
    }

    /// The example of Simple-Registry's own manual: client certificate, account, anonymous.
    @Test func `Simple-Registry's example of three upstreams means what it meant`() throws {
        let certificate = try files.write("client.crt", "c")
        let key = try files.write("client.key", "k")
        let configuration = try ConfigurationLoader.load(
            text: """
                [[repository."library".upstream]]
                url = "https://docker.io/v2/library"
                client_certificate = "\(certificate)"
                client_private_key = "\(key)"

                [[repository."library".upstream]]
                url = "https://registry-1.docker.io/v2/library"
                username = "username"
                password = "password"

                [[repository."library".upstream]]
                url = "https://index.docker.io/v2/library"
                # server_ca_bundle = "/path/to/ca.crt" # specify authorized server CAs
                # anonymous access
                """)
        let url = try UpstreamURL("https://registry-1.docker.io/library")
        #expect(
            configuration.repositories == [
                RepositorySection(
                    name: try #require(RepositoryName("library")),
                    upstreams: [
                        UpstreamSection(url: url, clientCertificate: .init(certificate: certificate, privateKey: key)),
                        UpstreamSection(
                            url: url,
                            credentials: UpstreamCredentials(username: "username", password: Secret("password"))),
                        UpstreamSection(url: url),
                    ])
            ])
        #expect(configuration.repositories[0].namespace == nil)
        #expect(url.prefix == RepositoryName("library"))
    }

    @Test func `a secret shows in no description, dump or shown configuration`() throws {
        let file = try files.write("password", "hunter2\n")
        let configuration = try ConfigurationLoader.load(
            text: """
                [[repository.x.upstream]]
                url = "https://x.io"
                username = "u"
                password = "hunter2"
                [[repository.x.upstream]]
                url = "https://x.io"
                username = "u"
                password_file = "\(file)"
                [[repository.x.upstream]]
                url = "https://x.io"
                username = "u"
                password_env = "P"
                """, environment: ["P": "hunter2"])
        let secret = Secret("hunter2")
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(secret, to: &dumped)
        for text in [
            "\(secret)", String(reflecting: secret), "\(configuration)", String(reflecting: configuration), dumped,
            configuration.toml(), "\([secret])", "\(Optional(secret) as Any)",
        ] {
            #expect(!text.contains("hunter2"))
        }
        #expect(dumped.contains("(secret)"))
        #expect(configuration.toml().contains("# password = \"(secret)\""))
        #expect(configuration.toml().contains("password_file = \"\(file)\""))
        #expect(configuration.toml().contains("password_env = \"P\""))
    }
}
