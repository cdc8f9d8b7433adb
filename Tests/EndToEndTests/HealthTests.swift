import Foundation
import TestSupport
import Testing

/// What probes are told before clients notice.
@Suite struct HealthTests {
    private struct Body: Decodable {
        struct Check: Decodable {
            var status: String
            var message: String
        }
        var status: String
        var checks: [String: Check]?
    }

    private func start(
        on stage: Stage, root: URL? = nil, more: String = ""
    ) async throws -> (EntrepotServer, operators: String) {
        let port = FreePorts.next()
        let entrepot = try await EntrepotServer.start(
            on: stage, root: root,
            repositories: "[observability]\nlisten = \"127.0.0.1:\(port)\"\n[repository.local]\n" + more)
        return (entrepot, "http://127.0.0.1:\(port)")
    }

    private func probe(_ url: String) async throws -> (status: Int, Body) {
        let answer = try await HTTPProbe.get("\(url)/readyz")
        return (answer.status, try JSONDecoder().decode(Body.self, from: answer.body))
    }

    @Test func aFullDiskShowsBeforeAClientMeetsIt() async throws {
        try await Stage.with { stage in
            let root = try await stage.mountTemporaryFileSystem(megabytes: 128)
            try Data(count: 127 << 20).write(to: root.appendingPathComponent("ballast"))
            let (entrepot, operators) = try await start(on: stage, root: root)
            let found = try await eventually(within: .seconds(20)) {
                let (status, body) = try await probe(operators)
                return body.checks?["disk"]?.status == "degraded" ? (status, body) : nil
            }
            let (status, body) = try #require(found)
            #expect(status == 200)
            #expect(body.status == "degraded")
            // The same without the reason.
            let (publicly, told) = try await probe(entrepot.url)
            #expect(publicly == 200)
            #expect(told.status == "degraded")
            #expect(told.checks == nil)
            let lines = entrepot.process.output.split(separator: "\n").filter { $0.contains("health: disk") }
            #expect(lines.count == 1 && lines.first?.contains("health: disk is degraded") == true)
            let metrics = try await HTTPProbe.get("\(operators)/metrics").text
            #expect(metrics.contains("entrepot_health_degraded{check=\"disk\"} 1\n"))
        }
    }

    @Test func aStoreThatMayNotBeWrittenToIsDegraded() async throws {
        try await Stage.with { stage in
            let root = try await stage.mountTemporaryFileSystem(megabytes: 128)
            let (_, operators) = try await start(on: stage, root: root)
            #expect(try await probe(operators).1.status == "ok")
            try await Command("mount", ["-o", "remount,ro", root.path]).run()
            let readOnly = try await eventually(within: .seconds(30)) {
                let (status, body) = try await probe(operators)
                return body.checks?["store"]?.status == "degraded" ? status : nil
            }
            #expect(readOnly == 200)
        }
    }

    @Test func aCertificateThatHasEndedIsToldAndItsRenewalToo() async throws {
        try await Stage.with { stage in
            let certificates = try await Certificates.make(on: stage)
            let path = certificates.serverCertificate.path
            let good = try Data(contentsOf: certificates.serverCertificate)
            let folder = certificates.serverCertificate.deletingLastPathComponent().path
            try await Command(
                "openssl",
                [
                    "x509", "-req", "-in", "\(folder)/server.csr", "-CA", certificates.authority.path, "-CAkey",
                    "\(folder)/ca.key", "-CAcreateserial", "-days", "-1", "-out", path,
                ]
            ).run()
            let port = FreePorts.next()
            let file = try stage.write(
                """
                [server]
                port = \(port)
                [server.tls]
                server_certificate_bundle = "\(path)"
                server_private_key = "\(certificates.serverKey.path)"
                [storage.fs]
                root_dir = "\(try stage.makeDirectory("root").path)"
                [repository.a]
                """, to: "ended.toml")
            let check = try await Command(Paths.entrepot.path, ["-c", file.path, "config", "check"]).outcome()
            #expect(check.status == .success)
            #expect(check.output.contains("warning: the server's certificate, \(path), ended on 2"), "\(check.output)")
            let server = try stage.start(Paths.entrepot.path, ["-c", file.path, "server"], name: "entrepot")
            func told(_ level: String, _ words: String) async throws -> Bool? {
                try await eventually(within: .seconds(25)) {
                    server.output.split(separator: "\n").contains {
                        $0.contains(" \(level) ") && $0.contains(words)
                    } ? true : nil
                }
            }
            #expect(try await told("error", "health: certificates is failing") == true)
            #expect(server.output.contains("the server's certificate, \(path), ended on 2"))
            // Two days are less than a week.
            try good.write(to: certificates.serverCertificate, options: .atomic)
            #expect(try await told("warning", "health: certificates is degraded") == true)
            await server.stop()
        }
    }

    @Test func aRefusedConfigurationShowsWithItsProblemsToOperatorsOnly() async throws {
        try await Stage.with { stage in
            let (entrepot, operators) = try await start(on: stage)
            let (status, _) = try await probe(operators)
            #expect(status == 200)
            try entrepot.reconfigure(repositories: "[repository.hush]\nno_such_key = 1\n")
            let found = try await eventually(within: .seconds(20)) {
                let body = try await probe(operators).1
                return body.checks?["configuration"]?.status == "degraded" ? body : nil
            }
            #expect(found?.checks?["configuration"]?.message.contains("no_such_key") == true)
            let told = try await entrepot.get("/readyz")
            #expect(told.status == 200)
            #expect(told.text.contains("\"status\":\"degraded\""))
            #expect(!told.text.contains("hush"))
        }
    }
}
