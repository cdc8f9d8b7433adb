import Foundation
import TestSupport
import Testing

/// Events and audit records of the program under test.
@Suite struct NotificationTests {
    private struct Sent: Decodable {
        var body: String
        var signature: String
        var type: String
    }

    private struct Envelope: Decodable {
        struct Event: Decodable {
            struct Target: Decodable {
                var repository: String
                var digest: String?
                var tag: String?
            }
            var id: String
            var action: String
            var target: Target
        }
        var events: [Event]
    }

    private static func receiver(on stage: Stage, port: UInt16, file: URL) async throws {
        let process = try stage.start(
            "/usr/bin/python3", [Paths.script("event-receiver.py"), "\(port)", file.path], name: "receiver")
        try await process.waitUntilReady { FreePorts.isListening(port) }
    }

    private static func events(_ file: URL) -> [Envelope.Event] {
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? JSONDecoder().decode(Sent.self, from: Data($0.utf8))
        }.flatMap {
            (try? JSONDecoder().decode(Envelope.self, from: Data($0.body.utf8)))?.events ?? []
        }
    }

    private static let manifest =
        #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#
    private static let digest = "sha256:dff9de10919148711140d349bf03f1a99eb06f94b03e51715ccebfa7cdc518e2"

    private static func push(_ entrepot: EntrepotServer, _ repository: String, _ tag: String) async throws -> Int {
        return try await entrepot.get(
            "/v2/\(repository)/manifests/\(tag)", headers: ["Content-Type": "application/vnd.oci.image.index.v1+json"],
            method: "PUT", options: ["--data-binary", manifest]
        ).status
    }

    @Test func whatWasAcknowledgedIsToldAlsoAfterKillNineAndWithTheEndpointDown() async throws {
        try await Stage.with { stage in
            let port = FreePorts.next()
            let file = stage.directory.appendingPathComponent("events")
            let root = try stage.makeDirectory("root")
            let secret = try stage.write("a-shared-secret-of-length", to: "event-secret")
            let tables = """
                [[notifications.endpoint]]
                name = "ci"
                url = "http://127.0.0.1:\(port)/events"
                actions = ["push", "delete", "pull"]
                secret_file = "\(secret.path)"
                [global]
                default_access = "open"
                [repository.local]
                """
            let entrepot = try await EntrepotServer.start(on: stage, root: root, repositories: tables)
            for number in 1...3 { #expect(try await Self.push(entrepot, "local/app", "v\(number)") == 201) }
            #expect(try await entrepot.get("/v2/local/app/manifests/v2", method: "DELETE").status == 202)
            await entrepot.process.kill()
            try await Self.receiver(on: stage, port: port, file: file)
            let again = try await EntrepotServer.start(on: stage, root: root, repositories: tables)
            #expect(try await Self.push(again, "local/app", "v4") == 201)
            #expect(try await Self.push(again, "local/app", "\(Self.digest)?tag=v5&tag=v6") == 201)
            let pulled = try await again.get(
                "/v2/local/app/manifests/v4", headers: ["Accept": "application/vnd.oci.image.index.v1+json"])
            #expect(pulled.status == 200)
            let found = try await eventually(within: .seconds(40)) {
                let events = Self.events(file)
                return events.contains { $0.action == "pull" } ? events : nil
            }
            let events = try #require(found)
            // In their order; what was sent before the crash may come twice.
            var seen: Set<String> = []
            let told = events.filter { seen.insert($0.id).inserted }.map { "\($0.action) \($0.target.tag ?? "-")" }
            #expect(told == ["push v1", "push v2", "push v3", "delete v2", "push v4", "push v5", "push v6", "pull v4"])
            #expect(events.allSatisfy { $0.target.repository == "local/app" })
            let first = try #require(
                try String(contentsOf: file, encoding: .utf8).split(separator: "\n").first.map {
                    try JSONDecoder().decode(Sent.self, from: Data($0.utf8))
                })
            let body = try stage.write(first.body, to: "body")
            let hmac = try await Command(
                "openssl", ["dgst", "-sha256", "-hmac", "a-shared-secret-of-length", body.path]
            ).run()
            #expect(hmac.hasSuffix("= \(first.signature.dropFirst("sha256=".count))\n"))
            #expect(first.type == "application/vnd.docker.distribution.events.v2+json")
        }
    }

    @Test func theAuditKnowsWhoDidWhatAndWhoWasNotLetIn() async throws {
        try await Stage.with { stage in
            let file = stage.directory.appendingPathComponent("audit.log")
            let line = try await Command("htpasswd", ["-nbBC", "5", "alice", "alice-secret"]).run()
            let hash = line.split(separator: ":").last?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: try EntrepotServer.adminTable(on: stage) + """
                    [[audit.sink]]
                    type = "file"
                    path = "\(file.path)"
                    [identity.alice]
                    username = "alice"
                    password = "\(hash)"
                    [repository.local]
                    """)
            func push(_ password: String?, _ reference: String = "v1") async throws -> Int {
                var options = ["--data-binary", Self.manifest]
                if let password { options += ["-u", "alice:\(password)"] }
                return try await entrepot.get(
                    "/v2/local/app/manifests/\(reference)",
                    headers: ["Content-Type": "application/vnd.oci.image.index.v1+json"],
                    method: "PUT", options: options
                ).status
            }
            #expect(try await push("alice-secret") == 201)
            #expect(try await push("wrong-secret") == 401)
            #expect(try await push(nil) == 401)
            #expect(try await push("alice-secret", "\(Self.digest)?tag=latest&tag=v2") == 201)
            // Answered as to anybody: what the answer tells a guesser is on record.
            let guess = ["Authorization": "Bearer a-guess"]
            #expect(try await entrepot.get("/readyz", headers: guess).status == 200)
            #expect(try await entrepot.get("/v2/local/app/manifests/v1", headers: ["Accept": "*/*"]).status == 200)
            let shown = ["Authorization": "Bearer \(EntrepotServer.adminToken)"]
            #expect(try await entrepot.get("/_entrepot/reload", headers: shown, method: "POST").status == 200)
            let found = try await eventually(within: .seconds(10)) {
                let lines = ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n").compactMap {
                    try? JSONDecoder().decode([String: String].self, from: Data($0.utf8))
                }
                return lines.contains { $0["event"] == "admin reload" } ? lines : nil
            }
            let lines = try #require(found)
            let told = lines.map { "\($0["event"] ?? "") \($0["outcome"] ?? "") \($0["actor"] ?? "-")" }
            #expect(
                told == [
                    "push done alice", "login denied -", "push done alice", "login denied -", "reload done -",
                    "admin reload done admin token",
                ])
            #expect(lines[0]["repository"] == "local/app")
            #expect(lines[0]["reference"] == "v1")
            #expect(lines[2]["reference"] == Self.digest)
            #expect(lines[2]["tags"] == "latest,v2")
            #expect(lines[0]["client"] == "127.0.0.1")
            #expect(lines[1]["username"] == "alice" && lines[3]["username"] == nil)
            // A flood pushes nobody's records out of the file: it is counted.
            let size = try #require(
                try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int)
            let flood = try await Command(
                "curl", ["-s", "-o", "/dev/null", "-H", "Authorization: Bearer x", "\(entrepot.url)/v2/?[1-200]"]
            ).run()
            #expect(flood == "")
            _ = await entrepot.process.stop()
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.utf8.count < size + 1024)
            #expect(text.contains(#""repeated":"199""#))
            let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }
}
