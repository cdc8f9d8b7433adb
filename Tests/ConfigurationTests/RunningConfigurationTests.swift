import Configuration
import Testing

/// What of a new configuration a server can take on, and what waits for its restart.
@Suite struct RunningConfigurationTests {
    private let tls = ServerTLSSection(serverCertificateBundle: "/c", serverPrivateKey: "/k")

    private func configuration(_ text: String) throws -> Configuration {
        try ConfigurationLoader.load(text: text)
    }

    @Test(arguments: [
        ("", "", []),
        ("", "[server]\nport = 5001", ["server.port"]),
        ("", "[server]\nbind_address = \"127.0.0.2\"", ["server.bind_address"]),
        ("", "[storage.fs]\nroot_dir = \"/other\"", ["storage.fs.root_dir"]),
        (
            "[server]\nport = 5001", "[server]\nbind_address = \"::1\"\n[storage.fs]\nroot_dir = \"/other\"",
            ["server.bind_address", "server.port", "storage.fs.root_dir"]
        ),
        (
            "",
            "max_concurrent_requests = 1\n[server]\nmax_connections = 1\nidle_timeout = 1\n[log]\nlevel = \"debug\"",
            []
        ),
    ])
    func keysThatCannotChangeLiveAreNamed(before: String, after: String, keys: [String]) throws {
        let running = try configuration(before)
        let new = try configuration(after)
        #expect(new.keysWaitingForRestart(running: running) == keys)
        let adapted = new.adapted(to: running)
        #expect(adapted.keysWaitingForRestart(running: running) == [])
        #expect(adapted.server.port == running.server.port)
        #expect(adapted.server.bindAddress == running.server.bindAddress)
        #expect(adapted.storage == running.storage)
        #expect(adapted.server.maxConnections == new.server.maxConnections)
        #expect(adapted.maxConcurrentRequests == new.maxConcurrentRequests)
        #expect(adapted.log == new.log)
    }

    @Test func switchingTLSWaitsForARestartAndChangingItDoesNot() throws {
        let plain = Configuration()
        let secure = Configuration(server: ServerSection(tls: tls))
        let other = Configuration(
            server: ServerSection(
                tls: ServerTLSSection(
                    serverCertificateBundle: "/c2", serverPrivateKey: "/k2",
                    clients: .init(caBundle: "/ca", authentication: .required))))
        #expect(secure.keysWaitingForRestart(running: plain) == ["server.tls"])
        #expect(secure.adapted(to: plain).server.tls == nil)
        #expect(plain.keysWaitingForRestart(running: secure) == ["server.tls"])
        #expect(plain.adapted(to: secure).server.tls == tls)
        #expect(other.keysWaitingForRestart(running: secure) == [])
        #expect(other.adapted(to: secure).server.tls == other.server.tls)
    }

    private static let global = "[global]\ndefault_access = \"open\"\n"
    private static let policy = "[repository.x.access_policy]\ndefault_allow = true\n"
    private static let moved = "[server]\nbind_address = \"127.0.0.2\"\n"

    @Test(arguments: [
        ("", moved, false), (global, global + "[repository.y]\n", false), ("", global, false), ("", policy, false),
        ("", moved + "[repository.y]\n", false), ("", moved + "[repository.x]\n[log]\nlevel = \"debug\"", false),
        ("", moved + global, true), ("", moved + policy, true), (policy, moved, true),
    ])
    func whoMayDoWhatDoesNotChangeBeforeWhoCanConnect(before: String, after: String, relies: Bool) throws {
        #expect(try configuration(after).reliesOnRestart(running: try configuration(before)) == relies)
    }

    @Test func whoMayDoWhatDoesNotChangeBeforeTLS() throws {
        let open = try configuration(Self.global)
        let secure = Configuration(server: ServerSection(tls: tls))
        #expect(open.reliesOnRestart(running: secure))
        #expect(!Configuration().reliesOnRestart(running: secure))
    }

    @Test func everyRestartKeyIsAKeyOrATableOfTheSchema() {
        for key in Configuration.restartKeys {
            #expect(ConfigurationKeys.all.contains { $0 == key || $0.hasPrefix(key + ".") }, "\(key)")
        }
    }
}
