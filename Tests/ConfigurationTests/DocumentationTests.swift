import Access
import Configuration
import Foundation
import OCI
import Observability
import TestSupport
import Testing
import Tokens

/// The example and the manual have the keys that the decoder has, no more and no fewer.
@Suite struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func lines(_ path: String) throws -> [String] {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8).components(separatedBy: "\n")
    }

    /// The settings of the example: lines that begin with `#` and no space.
    private static func settings() throws -> [String] {
        try lines("config/example.toml").filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") && $0 != "#" }
            .map { String($0.dropFirst()) }
    }

    @Test func `the example as it stands changes nothing`() throws {
        let path = DocumentationTests.root.appendingPathComponent("config/example.toml").path
        #expect(
            try ConfigurationLoader.load(files: [path], environment: [:])
                == ConfigurationLoader.load(files: [], environment: [:]))
    }

    @Test func `the example loads with every setting in force`() async throws {
        let files = try TemporaryFiles()
        let named = [
            "tls/server.crt", "tls/server.key", "tls/clients.crt", "mirror/ca.crt", "mirror/client.crt",
            "mirror/client.key", "docker-hub-password", "redis-password", "cluster-ca.crt", "otlp-ca.crt",
            "events-ca.crt", "event-secret",
        ]
        try files.write("admin-token", "a-token-of-some-length")
        try files.write("cluster-secret", "a-secret-that-nobody-guesses")
        try files.write("event-headers", "X-Scope: y\n")
        try files.write("otlp-headers", "Authorization: Bearer x\nX-Scope: y\n")
        let key = try await Command("openssl", ["genpkey", "-algorithm", "RSA"]).run()
        try files.write("token/key.pem", key)
        try files.write(
            "token/cert.pem",
            try SigningKey(pem: key).selfSignedCertificate(
                name: "tokens", from: Int64(Date().timeIntervalSince1970), days: 2))
        try files.write("token/previous.pem", try SigningKey.generate(.es256))
        try files.write(
            "alice-password", "$2y$05$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe\n")
        for name in named { try files.write(name, "x") }
        // Without the other back end, which has a test of its own.
        let settings = try DocumentationTests.settings()
        let bucket = try #require(settings.firstIndex(of: "[storage.s3]"))
        let next = try #require(
            settings[(bucket + 1)...].firstIndex { $0.hasPrefix("[") && !$0.hasPrefix("[storage.") })
        let text = (settings[..<bucket] + settings[next...]).joined(separator: "\n")
            .replacing("/etc/entrepot", with: files.path)
        let configuration = try ConfigurationLoader.load(text: text, environment: ["QUAY_PASSWORD": "x"])
        #expect(configuration.repositories.map(\.name.value) == ["docker.io", "local", "quay.io", "team/images"])
        #expect(configuration.repositories[0].upstreams.count == 2)
        #expect(configuration.identities.map(\.user.id.value) == ["alice", "builder"])
        #expect(configuration.accessPolicy?.rules.count == 2)
        #expect(configuration.repositories[1].accessPolicy?.defaultAllow == true)
        // What the example shows as values are the defaults.
        let redis = try #require(configuration.lockStore)
        #expect(redis.ttl == RedisSection.standardTTL && redis.keyPrefix == RedisSection.standardKeyPrefix)
        #expect(configuration.cluster?.advertiseURL?.description == "http://10.0.0.11:8080")
        #expect(configuration.log.level == LogSection().level)
        #expect(configuration.log.format == LogSection().format)
        #expect(Set(configuration.log.levels.keys) == Set(LogComponent.allCases))
        #expect(configuration.log.slowRequest == LogSection().slowRequest)
        #expect(configuration.observability.tracing?.headers.map(\.name) == ["Authorization", "X-Scope"])
        #expect(configuration.fills == FillsSection())
        #expect(configuration.resilience == ResilienceSection())
        #expect(configuration.storage == StorageSection())
        #expect(configuration.maxConcurrentRequests == Configuration().maxConcurrentRequests)
        let server = configuration.server
        #expect(
            server
                == ServerSection(defaultRepository: server.defaultRepository, tls: server.tls))
        #expect(server.tls?.clients?.authentication == .optional)
    }

    @Test func `the example's bucket loads with every setting in force`() throws {
        let files = try TemporaryFiles()
        for name in ["s3-secret-key", "s3-ca.crt"] { try files.write(name, "x") }
        let settings = try DocumentationTests.settings()
        let bucket = try #require(settings.firstIndex(of: "[storage.s3]"))
        let next = try #require(
            settings[(bucket + 1)...].firstIndex { $0.hasPrefix("[") && !$0.hasPrefix("[storage.") })
        let text = settings[bucket..<next].filter { !$0.hasPrefix("secret_key =") }.joined(separator: "\n")
            .replacing("/etc/entrepot", with: files.path)
        guard case .s3(let section) = try ConfigurationLoader.load(text: text, environment: [:]).storage else {
            Issue.record("not a bucket")
            return
        }
        #expect(StorageSection.s3(section).place == "the bucket registry at https://s3.example.com")
        #expect(section.keys?.secretKey.reveal() == "x")
        #expect(section.encryption == .kms)
        #expect(section.cache?.maxSize == .gibibytes(100))
        #expect(section.spoolSize == .gibibytes(50) && section.keepsConditions == true)
    }

    @Test func `what the package's file says of other machines can be done`() throws {
        let lines = try DocumentationTests.lines("config/service.toml").map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") && line != "#" ? String(line.dropFirst()) : String(line)
        }
        let configuration = try ConfigurationLoader.load(text: lines.joined(separator: "\n"), environment: [:])
        #expect("\(configuration.server.bindAddress)" == "0.0.0.0")
        #expect(configuration.defaultAccess == .reads)
    }

    @Test func `the manual names every key that needs a restart`() throws {
        for path in ["docs/reference/configuration.md", "docs/explanation/reloading.md"] {
            let text = try DocumentationTests.lines(path).joined(separator: "\n")
            for key in Configuration.restartKeys { #expect(text.contains("`\(key)`"), "\(key) in \(path)") }
        }
    }

    @Test func `the example has every key and no other`() throws {
        var table = ""
        var keys: Set<String> = []
        for line in try DocumentationTests.settings() {
            if line.hasPrefix("[") {
                let name = line.trimmingCharacters(in: CharacterSet(charactersIn: "[] "))
                let parts = name.split(separator: ".", maxSplits: 1)
                switch parts.first {
                case "repository":
                    let inner = [".upstream", ".access_policy", ".retention_policy", ".cache"].first {
                        name.hasSuffix($0)
                    }
                    table = "repository.\"<namespace>\"" + (inner ?? "")
                case "identity": table = "identity.<id>"
                default: table = name
                }
            } else {
                let key = try #require(line.split(separator: " ").first)
                keys.insert(table.isEmpty ? "\(key)" : "\(table).\(key)")
            }
        }
        #expect(keys == Set(ConfigurationKeys.all))
    }

    /// Rows of the manual's tables: the key with its table, and what is said of it.
    private static func manual() throws -> [(table: String, key: String, path: String, type: String, standard: String)]
    {
        var table = ""
        var rows: [(table: String, key: String, path: String, type: String, standard: String)] = []
        for line in try lines("docs/reference/configuration.md") {
            if line.hasPrefix("## ") {
                table = line == "## Top level" ? "" : String(line.dropFirst(4).dropLast())
            } else if line.hasPrefix("| `") {
                let cells = line.components(separatedBy: " | ")
                let key = cells[0].trimmingCharacters(in: CharacterSet(charactersIn: "|` "))
                let path = table.isEmpty ? key : "\(table).\(key)"
                rows.append((table: table, key: key, path: path, type: cells[1], standard: cells[2]))
            }
        }
        return rows
    }

    @Test func `the manual has every key and no other, in the order of the list`() throws {
        #expect(try DocumentationTests.manual().map(\.path) == ConfigurationKeys.all)
    }

    @Test func `the manual's bounds are those that whoever leaves them is told`() throws {
        var count = 0
        for row in try DocumentationTests.manual() {
            guard let bounds = row.type.firstMatch(of: /^(?:integer|size), (?:from )?(\S+?)(?: to (\S+))?$/) else {
                continue
            }
            count += 1
            let header =
                switch row.table {
                case "": ""
                case "storage.cache": "[storage.s3]\nbucket = \"x-y\"\n[storage.cache]\n"
                case "notifications.endpoint": "[[notifications.endpoint]]\nname = \"x\"\nurl = \"https://x.io\"\n"
                case "audit.sink": "[[audit.sink]]\ntype = \"file\"\npath = \"/x\"\n"
                case "seed": "[[seed]]\nlist = \"/x\"\n"
                case "repository.\"<namespace>\".upstream": "[[repository.x.upstream]]\nurl = \"https://x.io\"\n"
                default: "[\(row.table.replacing("\"<namespace>\"", with: "x"))]\n"
                }
            let problems: [ConfigurationProblem]
            do throws(ConfigurationProblems) {
                _ = try ConfigurationLoader.load(text: "\(header)\(row.key) = true", environment: [:])
                problems = []
            } catch {
                problems = error.problems
            }
            let told = problems.filter { $0.keyPath.hasSuffix(row.key) }.map(\.remedy).joined(separator: "; ")
            #expect(told.contains("between \(bounds.1) and \(bounds.2 ?? "")"), "\(row.path): \(told)")
        }
        #expect(count > 20)
    }

    @Test func `by default no silent connection lives longer than a minute`() {
        let server = ServerSection()
        // Limits are looked at once a second, and a last answer may take a while to be read: less than this together.
        let rest: Duration = .seconds(10)
        for limit in [server.handshakeTimeout, server.headerTimeout, server.idleTimeout, server.stallTimeout] {
            #expect(limit.duration + rest <= .seconds(60))
        }
    }

    @Test func `the manual's defaults are the defaults`() throws {
        let files = try TemporaryFiles()
        let key = try files.write("key.pem", try SigningKey.generate(.es256))
        let secret = try files.write("secret", "a-secret-that-nobody-guesses")
        let shown = try ConfigurationLoader.load(
            text: """
                lock_store.redis = { url = "redis://x.io" }
                cache_store.redis = { url = "redis://x.io" }
                cluster = { secret_file = "\(secret)" }
                [token]
                key = "\(key)"
                [[notifications.endpoint]]
                name = "x"
                url = "https://x.io"
                [[audit.sink]]
                type = "stdout"
                [[spooler]]
                directory = "/x"
                repository = "local"
                [[seed]]
                list = "/x"
                [repository.local]
                [observability.tracing]
                endpoint = "http://127.0.0.1:4318/v1/traces"
                [[repository.x.upstream]]
                url = "https://x.io"
                [repository."y.io".access_policy]
                [identity.x]
                username = "x"
                password = "$2y$05$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe"
                """
        ).toml()
        let bucket = try ConfigurationLoader.load(
            text: """
                storage.cache = { max_size = "1GiB" }
                storage.s3 = { bucket = "x-y", access_key_id = "x", secret_key = "x" }
                """
        ).toml()
        let written = (shown + "\n" + bucket).split(separator: "\n").map(String.init)
        for row in try DocumentationTests.manual() where row.standard.hasPrefix("`") {
            // Only shown where it has an effect.
            if row.path == "server.tls.client_auth" { continue }
            let key = row.path.split(separator: ".").last ?? ""
            let line = "\(key) = \(row.standard.dropFirst().dropLast())"
            #expect(written.contains(line), "\(row.path): \(line)")
        }
    }
}
