import Configuration
import Foundation
import OCI
import Testing

@Suite struct ConfigurationLoaderTests {
    private let files: TemporaryFiles

    init() throws {
        files = try TemporaryFiles()
    }

    private func load(_ texts: String..., environment: [String: String] = [:]) throws -> Configuration {
        let paths = try texts.enumerated().map { try files.write("\($0).toml", $1) }
        return try ConfigurationLoader.load(files: paths, environment: environment)
    }

    @Test func `without files the embedded defaults run`() throws {
        let configuration = try ConfigurationLoader.load(files: [], environment: [:])
        #expect(
            configuration.repositories.filter(\.isMirror).map(\.name.value) == [
                "docker.io", "gcr.io", "ghcr.io", "mcr.microsoft.com", "public.ecr.aws", "quay.io", "registry.k8s.io",
            ])
        #expect(configuration.repositories.filter { !$0.isMirror }.map(\.name.value) == ["local"])
        #expect(configuration.repositories.filter(\.isMirror).allSatisfy { $0.namespace?.text == $0.name.value })
        #expect(configuration.server.defaultRepository == RepositoryName("docker.io"))
        #expect(configuration.repositories.first?.upstreams.first?.url.isDockerHub == true)
        #expect(configuration.storage == .fileSystem(rootDirectory: "./data"))
        #expect(configuration.server.bindAddress == .loopback)
        #expect(configuration.server.port == 5000)
    }

    @Test(arguments: [
        ("/var/lib", "/var/lib/entrepot"), ("/var/lib/", "/var/lib/entrepot"), ("relative", "./data"), ("", "./data"),
    ])
    func `data goes below XDG_DATA_HOME where that is absolute`(home: String, root: String) throws {
        let configuration = try ConfigurationLoader.load(files: [], environment: ["XDG_DATA_HOME": home])
        #expect(configuration.storage == .fileSystem(rootDirectory: root))
    }

    @Test(arguments: ["", "\n\n", "# all of it is commented out\n", "  \t"])
    func `a file that has lost its last key is refused at a reload`(text: String) throws {
        let paths = [try files.write("0.toml", "[server]\nport = 6000"), try files.write("1.toml", text)]
        let reading = ConfigurationLoader.read(files: paths, environment: [:])
        #expect(try reading.reloaded(emptyBefore: [paths[1]]).server.port == 6000)
        let error = #expect(throws: ConfigurationProblems.self) { try reading.reloaded(emptyBefore: [paths[0]]) }
        #expect(error?.problems.map(\.file) == [paths[1]])
    }

    @Test func `a file without repositories keeps the embedded ones`() throws {
        let configuration = try load("[server]\nport = 6000\n[storage.fs]\nroot_dir = \"/srv\"")
        let embedded = try ConfigurationLoader.load(files: [], environment: [:])
        #expect(configuration.server.port == 6000)
        #expect(configuration.server.defaultRepository == RepositoryName("docker.io"))
        #expect(configuration.repositories == embedded.repositories)
        #expect(configuration.storage == .fileSystem(rootDirectory: "/srv"))
    }

    @Test func `a file with a repository has that one and no default repository`() throws {
        let configuration = try load("[repository.team]")
        #expect(configuration.repositories.map(\.name.value) == ["team"])
        #expect(configuration.server.defaultRepository == nil)
        #expect(configuration == Configuration(repositories: configuration.repositories))
    }

    @Test func `later files win: tables merge, scalars and arrays are replaced`() throws {
        let configuration = try load(
            """
            max_concurrent_requests = 10
            [server]
            port = 1
            max_connections = 7
            [[repository.a.upstream]]
            url = "https://one.example"
            [[repository.a.upstream]]
            url = "https://two.example"
            [repository.b]
            """,
            """
            [server]
            port = 2
            [repository.a]
            tag_ttl = "5m"
            """,
            """
            [server]
            port = 3
            [[repository.a.upstream]]
            url = "https://three.example"
            [repository.c]
            """)
        #expect(configuration.maxConcurrentRequests == 10)
        #expect(configuration.server.port == 3)
        #expect(configuration.server.maxConnections == 7)
        #expect(configuration.repositories.map(\.name.value) == ["a", "b", "c"])
        #expect(configuration.repositories[0].upstreams.map(\.url.description) == ["https://three.example"])
        #expect(configuration.repositories[0].tagTTL == .seconds(300))
    }

    @Test func `problems of merged files name the file that is to blame`() throws {
        let error = #expect(throws: ConfigurationProblems.self) {
            try load("[server]\nport = 70000\nidle_timeout = \"x\"", "\n[server]\nport = 80000")
        }
        #expect(error?.problems.map { "\($0.file?.suffix(6) ?? ""):\($0.line ?? 0)" } == ["0.toml:3", "1.toml:3"])
    }

    @Test func `max_concurrent_requests may stand in global`() throws {
        #expect(try load("[global]\nmax_concurrent_requests = 50").maxConcurrentRequests == 50)
        #expect(
            try load("max_concurrent_requests = 50\n[global]\nmax_concurrent_requests = 50").maxConcurrentRequests == 50
        )
    }

    @Test func `unreadable, huge and binary files are problems, all of them`() throws {
        let huge = try files.write("huge.toml", String(repeating: "#", count: 1024 * 1024 + 1))
        let binary = try files.write("binary.toml", Data([0x61, 0xFF, 0xFE]))
        let error = #expect(throws: ConfigurationProblems.self) {
            try ConfigurationLoader.load(
                files: [files.path + "/missing.toml", huge, binary, files.path], environment: [:])
        }
        #expect(
            error?.problems.map(\.message) == [
                "cannot be read: No such file or directory", "is larger than 1MiB", "is not UTF-8 text",
                "cannot be read: Is a directory",
            ])
    }

    @Test func `an empty file is the embedded defaults`() throws {
        #expect(try load("") == ConfigurationLoader.load(files: [], environment: [:]))
    }

    @Test func `TLS with client certificates is read`() throws {
        let certificate = try files.write("tls/server.crt", "c")
        let key = try files.write("tls/server.key", "k")
        let caBundle = try files.write("tls/ca.crt", "a")
        let text = """
            [server.tls]
            server_certificate_bundle = "\(certificate)"
            server_private_key = "\(key)"

            """
        #expect(
            try load(text).server.tls == ServerTLSSection(serverCertificateBundle: certificate, serverPrivateKey: key))
        #expect(
            try load(text + "client_ca_bundle = \"\(caBundle)\"").server.tls?.clients
                == .init(caBundle: caBundle, authentication: .optional))
        #expect(
            try load(text + "client_ca_bundle = \"\(caBundle)\"\nclient_auth = \"required\"").server.tls?.clients
                == .init(caBundle: caBundle, authentication: .required))
    }
}
