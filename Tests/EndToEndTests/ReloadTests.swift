import Foundation
import Glibc
import TestSupport
import Testing

/// A server whose configuration changes while it serves.
@Suite struct ReloadTests {
    private static let applied: @Sendable (EntrepotServer.Reload) -> Bool = { $0.outcome == "applied" }
    private static let refused: @Sendable (EntrepotServer.Reload) -> Bool = { $0.outcome == "refused" }

    private func begins(_ entrepot: EntrepotServer, _ repository: String) async throws -> Int {
        try await entrepot.get("/v2/\(repository)/blobs/uploads/", method: "POST").status
    }

    @Test func anEditedFileTakesEffect() async throws {
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: admin + "[repository.old]\n")
            #expect(try await begins(entrepot, "old/app") == 202)
            #expect(try await begins(entrepot, "new/app") == 404)
            try entrepot.reconfigure(repositories: admin + "[repository.new]\n")
            let reload = try await entrepot.reloaded(Self.applied)
            #expect(reload.cause == "files changed")
            #expect(reload.generation == 2)
            #expect(try await begins(entrepot, "old/app") == 404)
            #expect(try await begins(entrepot, "new/app") == 202)
        }
    }

    /// The embedded defaults, which an empty file would bring back, let everybody in.
    @Test(arguments: [String?.some(""), "# later\n", nil])
    func anEmptiedOrRemovedFileOpensNothing(content: String?) async throws {
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let closed = admin + "[global.access_policy]\ndefault_allow = false\n[repository.team]\n"
            let entrepot = try await EntrepotServer.start(on: stage, repositories: closed)
            #expect(try await entrepot.get("/v2/team/app/tags/list").status == 403)
            let file = entrepot.configuration
            if let content {
                try Data(content.utf8).write(to: file)
            } else {
                try FileManager.default.removeItem(at: file)
            }
            let reload = try await entrepot.reloaded(Self.refused)
            #expect(reload.problems.count == 1)
            #expect(reload.problems.first?.contains(file.lastPathComponent) == true)
            #expect(try await entrepot.get("/v2/team/app/tags/list").status == 403)
            #expect(try await begins(entrepot, "team/app") == 403)
        }
    }

    @Test func aConfigurationBehindKubernetesLinksTakesEffect() async throws {
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            for (folder, name) in [("..1", "one"), ("..2", "two")] {
                try stage.write("[repository.\(name)]\n", to: "map/\(folder)/more.toml")
            }
            let map = stage.directory.appendingPathComponent("map")
            func link(_ name: String, _ target: String) throws {
                try FileManager.default.createSymbolicLink(
                    atPath: map.appendingPathComponent(name).path, withDestinationPath: target)
            }
            try link("..data", "..1")
            try link("more.toml", "..data/more.toml")
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: admin, settings: .init(files: [map.appendingPathComponent("more.toml")]))
            #expect(try await begins(entrepot, "two/app") == 404)
            try link("..data_tmp", "..2")
            try #require(
                rename(map.appendingPathComponent("..data_tmp").path, map.appendingPathComponent("..data").path) == 0)
            try await entrepot.reloaded(Self.applied)
            #expect(try await begins(entrepot, "one/app") == 404)
            #expect(try await begins(entrepot, "two/app") == 202)
        }
    }

    @Test func anotherUpstreamIsAskedAndTransfersInFlightGoOn() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let old = try await ScriptedUpstream.start(on: stage, file: images.largeBlob)
            let new = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let mirror = "[repository.mirror]\ntag_ttl = 0\n"
            let gone = "[repository.gone]\n" + old.configuration(namespace: "gone", mode: "gated")
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: admin + gone + mirror + old.configuration(namespace: "mirror", mode: "good"))
            let manifest = "/v2/mirror/app/manifests/latest"
            #expect(try await entrepot.get(manifest).headers["docker-content-digest"] == old.facts.manifest)

            let blob = "/v2/gone/app/blobs/\(old.facts.layer)"
            async let pull = entrepot.get(blob)
            let isPulling = try await eventually(within: .seconds(20)) {
                try await old.requests.contains { $0.method == "GET" && $0.path.contains("/blobs/") } ? true : nil
            }
            #expect(isPulling == true)
            try entrepot.reconfigure(
                repositories: admin + mirror + new.configuration(namespace: "mirror", mode: "good"))
            try await entrepot.reloaded(Self.applied)
            #expect(try await entrepot.get(manifest).headers["docker-content-digest"] == new.facts.manifest)
            #expect(try await entrepot.get(blob, method: "HEAD").status == 404)
            try await old.release()
            let pulled = try await pull
            #expect(pulled.status == 200)
            #expect(pulled.isComplete)
            #expect(pulled.body.count == old.facts.size)
        }
    }

    @Test func whatIsInvalidChangesNothingAndIsTold() async throws {
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: admin + "[repository.old]\n")
            try entrepot.reconfigure(repositories: admin + "[repository.new]\nmod = \"mirror\"\ntag_ttl = \"soon\"\n")
            let reload = try await entrepot.reloaded(Self.refused)
            #expect(reload.generation == 1)
            #expect(reload.problems.count == 2)
            #expect(reload.problems.allSatisfy { $0.hasPrefix(entrepot.configuration.path + ":") })
            #expect(reload.problems.contains { $0.contains("repository.new.mod: unknown key; did you mean 'mode'?") })
            #expect(try await begins(entrepot, "old/app") == 202)
            #expect(try await begins(entrepot, "new/app") == 404)
            let ready = try await entrepot.get("/readyz")
            #expect(ready.status == 200)
            #expect(ready.text.contains(#""outcome":"refused""#) && ready.text.contains(#""problems":2"#))
            let logged = entrepot.process.output.split(separator: "\n").filter {
                $0.contains(" error entrepot.configuration: ")
            }
            #expect(logged.count == 2)

            // The command works with a file that does not; it tells the problems and fails.
            let status = try await entrepot.command("status")
            #expect(status.status == .success)
            #expect(status.output.contains(#""outcome":"refused""#))
            let again = try await entrepot.command("reload")
            #expect(again.status == .exited(1))
            #expect(again.output.contains("did you mean 'mode'?"))

            // With a file that is not even TOML the server is found by what is said beside it.
            try Data("[server".utf8).write(to: entrepot.configuration, options: .atomic)
            #expect(try await entrepot.command("status").status == .exited(1))
            let token = stage.directory.appendingPathComponent("admin-token").path
            let found = try await entrepot.command("reload", "--server", entrepot.url, "--token-file", token)
            #expect(found.status == .exited(1))
            #expect(found.output.contains("is not TOML"))
            #expect(try await begins(entrepot, "old/app") == 202)

            try entrepot.reconfigure(repositories: admin + "[repository.new]\n")
            #expect(try await entrepot.reloaded(Self.applied).problems == [])
            #expect(try await begins(entrepot, "new/app") == 202)
            #expect(try await entrepot.get("/readyz").text.contains(#""problems":0"#))
        }
    }

    @Test func signalsAndCommandsReloadAsWell() async throws {
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: admin + "[repository.a]\n")
            entrepot.process.signal(SIGHUP)
            #expect(try await entrepot.reloaded { $0.generation == 2 }.cause == "SIGHUP")
            let byProcess = try await entrepot.command("reload", "--pid", "\(entrepot.process.pid)")
            #expect(byProcess.status == .success)
            #expect(try await entrepot.reloaded { $0.generation == 3 }.cause == "SIGHUP")

            try entrepot.reconfigure(repositories: admin + "[repository.b]\n")
            let told = try await entrepot.command("reload")
            #expect(told.status == .success)
            let answer = try JSONDecoder().decode(EntrepotServer.Reload.self, from: Data(told.output.utf8))
            #expect(answer.outcome == "applied")
            #expect(try await begins(entrepot, "b/app") == 202)
            let status = try await entrepot.status()
            #expect(status.configurationFiles == [entrepot.configuration.path])
            #expect(status.requestsInFlight == 1)
        }
    }

    @Test func keysThatNeedARestartAreNamedAndTheRestIsApplied() async throws {
        try await Stage.with { stage in
            let tables =
                try EntrepotServer.adminTable(on: stage) + "[global]\ndefault_access = \"open\"\n[repository.a]\n"
            let entrepot = try await EntrepotServer.start(on: stage, repositories: tables)
            let text = try String(contentsOf: entrepot.configuration, encoding: .utf8)
            let edited = text.replacingOccurrences(of: "port = \(entrepot.port)", with: "port = 1")
                .replacingOccurrences(of: "bind_address = \"127.0.0.1\"", with: "bind_address = \"0.0.0.0\"")
                .replacingOccurrences(of: "[repository.a]", with: "[repository.b]")
            try Data(edited.utf8).write(to: entrepot.configuration, options: .atomic)
            let keys = ["server.bind_address", "server.port"]
            #expect(try await entrepot.reloaded(Self.applied).restartRequired == keys)
            #expect(try await entrepot.status().restartRequired == keys)
            #expect(try await entrepot.get("/readyz").text.contains(#"["server.bind_address","server.port"]"#))
            #expect(entrepot.process.output.contains("restart required"))
            #expect(try await begins(entrepot, "b/app") == 202)

            try Data(text.utf8).write(to: entrepot.configuration, options: .atomic)
            try await entrepot.reloaded { $0.restartRequired.isEmpty }
        }
    }

    @Test func certificatesAreReplacedTogetherWithTheirKeys() async throws {
        try await Stage.with { stage in
            let first = try await Certificates.make(on: stage)
            let second = try await Certificates.make(on: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.a]\n", settings: .init(certificates: first))
            func serial(_ command: String) async throws -> String {
                try await Command("sh", ["-c", "\(command) | openssl x509 -noout -serial"]).run()
            }
            func served() async throws -> String {
                try await serial("openssl s_client -connect \(entrepot.host) </dev/null 2>/dev/null")
            }
            let old = try await serial("cat \(first.serverCertificate.path)")
            let new = try await serial("cat \(second.serverCertificate.path)")
            #expect(try await served() == old)

            func replace(_ file: URL, with other: URL) throws {
                try Data(contentsOf: other).write(to: file, options: .atomic)
            }
            try replace(first.serverCertificate, with: second.serverCertificate)
            let isTold = try await eventually(within: .seconds(20)) {
                entrepot.process.output.contains("configuration not reloaded") ? true : nil
            }
            #expect(isTold == true)
            #expect(try await served() == old)
            try replace(first.serverKey, with: second.serverKey)
            let isServed = try await eventually(within: .seconds(20)) { try await served() == new ? true : nil }
            #expect(isServed == true, "\(entrepot.process.outputTail)")
        }
    }

    @Test func aCertificateThatHasEndedDoesNotTakeThePlaceOfAGoodOne() async throws {
        try await Stage.with { stage in
            let certificates = try await Certificates.make(on: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.a]\n", settings: .init(certificates: certificates))
            let folder = certificates.authority.deletingLastPathComponent()
            func file(_ name: String) -> String { folder.appendingPathComponent(name).path }
            try await Command(
                "openssl",
                [
                    "x509", "-req", "-in", file("server.csr"), "-CA", file("ca.crt"), "-CAkey", file("ca.key"),
                    "-CAcreateserial", "-days", "-1", "-out", file("ended.crt"),
                ]
            ).run()
            let good = try Data(contentsOf: certificates.serverCertificate)
            try Data(contentsOf: URL(fileURLWithPath: file("ended.crt")))
                .write(to: certificates.serverCertificate, options: .atomic)
            let isTold = try await eventually(within: .seconds(20)) {
                entrepot.process.output.contains("server.crt, ended on") ? true : nil
            }
            #expect(isTold == true, "\(entrepot.process.outputTail)")
            let check =
                "openssl s_client -connect \(entrepot.host) </dev/null 2>/dev/null | openssl x509 -noout -checkend 0"
            try await Command("sh", ["-c", check]).run()

            try good.write(to: certificates.serverCertificate, options: .atomic)
            let isTakenOn = try await eventually(within: .seconds(20)) {
                entrepot.process.output.contains("configuration reloaded") ? true : nil
            }
            #expect(isTakenOn == true, "\(entrepot.process.outputTail)")
        }
    }

    /// Nobody writes into it: it would be waited for without end.
    @Test func aPipeInThePlaceOfAFileIsRefusedAndHoldsUpNothing() async throws {
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: admin + "[repository.old]\n")
            let text = try Data(contentsOf: entrepot.configuration)
            try FileManager.default.removeItem(at: entrepot.configuration)
            #expect(mkfifo(entrepot.configuration.path, 0o600) == 0)
            let refused = try await entrepot.reloaded(Self.refused)
            #expect(refused.problems.first?.contains("is not a regular file") == true)
            #expect(try await begins(entrepot, "old/app") == 202)

            try FileManager.default.removeItem(at: entrepot.configuration)
            try text.write(to: entrepot.configuration)
            try entrepot.reconfigure(repositories: admin + "[repository.new]\n")
            _ = try await entrepot.reloaded(Self.applied)
            #expect(try await begins(entrepot, "new/app") == 202)
        }
    }

    @Test func clientCertificatesAreDemandedLiveAndTLSIsSwitchedAtTheRestart() async throws {
        try await Stage.with { stage in
            let certificates = try await Certificates.make(on: stage)
            let tables = "[repository.a]\n"
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: tables, settings: .init(certificates: certificates))
            #expect(try await entrepot.get("/v2/").status == 200)
            try entrepot.reconfigure(
                repositories: tables,
                settings: .init(certificates: certificates, clientAuthentication: "required"))
            let isDemanded = try await eventually(within: .seconds(20)) {
                try await entrepot.get("/v2/").status == 0 ? true : nil
            }
            #expect(isDemanded == true)
            let presented = ["--cert", certificates.clientCertificate.path, "--key", certificates.clientKey.path]
            #expect(try await entrepot.get("/v2/", options: presented).status == 200)

            try entrepot.reconfigure(repositories: tables + "[repository.b]\n")
            let isTold = try await eventually(within: .seconds(20)) {
                entrepot.process.output.contains("key=server.tls") ? true : nil
            }
            #expect(isTold == true)
            // Still TLS, still for known clients alone, and the rest of the edit is in force.
            #expect(try await entrepot.get("/v2/").status == 0)
            let answer = try await entrepot.get(
                "/v2/b/app/blobs/uploads/", method: "POST", options: presented)
            #expect(answer.status == 202)
        }
    }

    @Test func aPasswordFileIsReadAgain() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let upstream = try await DockerRegistry.start(.htpasswd, on: stage, store: images.store)
            let password = try stage.write("wrong", to: "password")
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: """
                    \(admin)
                    [[repository."up.test".upstream]]
                    url = "\(upstream.url)"
                    username = "\(DockerRegistry.user)"
                    password_file = "\(password.path)"
                    """)
            let path = "/v2/up.test/test/app/manifests/multi"
            #expect(try await entrepot.get(path).status == 403)
            try Data(DockerRegistry.password.utf8).write(to: password, options: .atomic)
            #expect(try await entrepot.reloaded(Self.applied).cause == "files changed")
            #expect(try await entrepot.get(path).status == 200)
        }
    }

    @Test func limitsAndLogLevelChangeAtOnce() async throws {
        try await Stage.with { stage in
            let tables = try EntrepotServer.adminTable(on: stage) + "[repository.a]\n"
            let entrepot = try await EntrepotServer.start(on: stage, repositories: tables)
            func push() async throws -> Int {
                try await entrepot.get(
                    "/v2/a/app/manifests/v1", headers: ["Content-Type": "application/json"], method: "PUT",
                    options: ["--data-binary", String(repeating: "x", count: 2000)]
                ).status
            }
            #expect(try await push() == 400)
            #expect(!entrepot.process.output.contains("action=readyz"))
            try entrepot.reconfigure(
                repositories: "[log]\nlevel = \"debug\"\n" + tables,
                settings: .init(server: "max_manifest_size = \"1KiB\"\nmax_header_size = \"1KiB\""))
            try await entrepot.reloaded(Self.applied)
            #expect(try await push() == 413)
            #expect(
                try await entrepot.get("/v2/", headers: ["X-Long": String(repeating: "x", count: 2000)]).status == 431)
            _ = try await entrepot.get("/readyz")
            let isLogged = try await eventually(within: .seconds(10)) {
                entrepot.process.output.contains("action=readyz") ? true : nil
            }
            #expect(isLogged == true)
        }
    }

    @Test func anUpstreamThatStaysTheSameIsAskedAsBefore() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let mirror =
                "[repository.mirror]\ntag_ttl = 0\n"
                + upstream.configuration(
                    namespace: "mirror", mode: "basic", more: "username = \"user\"\npassword = \"secret\"")
            let entrepot = try await EntrepotServer.start(on: stage, repositories: admin + mirror)
            func strangers() async throws -> Int {
                #expect(try await entrepot.get("/v2/mirror/app/manifests/latest").status == 200)
                return try await upstream.requests.filter { $0.authorization == nil }.count
            }
            let before = try await strangers()
            #expect(before > 0)
            #expect(try await strangers() == before)
            try entrepot.reconfigure(repositories: admin + mirror + "[repository.a]\n")
            try await entrepot.reloaded(Self.applied)
            // It still knows that a password is wanted.
            #expect(try await strangers() == before)
        }
    }

    @Test func whatIsKnownOfUpstreamsOutlivesAReload() async throws {
        try await Stage.with { stage in
            let admin = try EntrepotServer.adminTable(on: stage)
            let dead = "[[repository.dead.upstream]]\nurl = \"http://127.0.0.1:\(FreePorts.next())\"\n"
            let entrepot = try await EntrepotServer.start(on: stage, repositories: admin + dead)
            for _ in 0..<6 { #expect(try await entrepot.get("/v2/dead/app/manifests/v1").status == 502) }
            #expect(try await entrepot.command("upstream", "status").output.contains(#""breaker":"open""#))
            try entrepot.reconfigure(repositories: admin + dead + "[repository.a]\n")
            try await entrepot.reloaded(Self.applied)
            #expect(try await entrepot.command("upstream", "status").output.contains(#""breaker":"open""#))
        }
    }
}
