import Foundation
import TestSupport
import Testing

/// What the server writes, to whom it is said, and how it changes.
@Suite struct LogTests {
    private static func lines(_ entrepot: EntrepotServer, _ message: String) -> [[String: String]] {
        entrepot.process.output.split(separator: "\n").compactMap {
            try? JSONDecoder().decode([String: String].self, from: Data($0.utf8))
        }.filter { $0["message"] == message }
    }

    @Test func eachRequestHasALineWithAllThatIsKnownOfIt() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let tables = "[repository.up]\n[[repository.up.upstream]]\nurl = \"\(upstream.url)\"\n"
            let quiet = "format = \"json\"\n"
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: tables, settings: .init(log: quiet + "[log.levels]\naccess = \"info\"\n"))
            let answer = try await entrepot.get("/v2/up/test/app/manifests/multi", headers: ["Accept": "*/*"])
            let id = try #require(answer.headers["x-request-id"])
            let found = try await eventually(within: .seconds(10)) {
                Self.lines(entrepot, "request").first { $0["id"] == id }
            }
            let line = try #require(found)
            for (field, value) in [
                ("action", "get-manifest"), ("repository", "up/test/app"), ("reference", "multi"), ("status", "200"),
                ("client", "127.0.0.1"), ("method", "GET"), ("bytes", "\(answer.body.count)"), ("level", "info"),
                ("logger", "entrepot.access"), ("outcome", "complete"), ("upstream", upstream.host),
            ] { #expect(line[field] == value, "\(field)") }
            #expect(line["cache"]?.hasPrefix("entrepot; fwd=miss") == true)
            #expect((line["milliseconds"].flatMap { Double($0) } ?? 0) > 0)
            #expect((line["first_byte_milliseconds"].flatMap { Double($0) } ?? 0) > 0)
            // A reload quiets it, and probes were never of interest.
            #expect(Self.lines(entrepot, "request").allSatisfy { $0["action"] != "readyz" })
            try entrepot.reconfigure(repositories: tables, settings: .init(log: quiet))
            _ = try await eventually(within: .seconds(20)) {
                Self.lines(entrepot, "configuration reloaded").isEmpty ? nil : true
            }
            let quieted = try await entrepot.get("/v2/up/test/app/manifests/multi", headers: ["Accept": "*/*"])
            let later = try await entrepot.get("/v2/")
            #expect(quieted.status == 200 && later.status == 200)
            #expect(!Self.lines(entrepot, "request").contains { $0["id"] == quieted.headers["x-request-id"] })
        }
    }

    /// Folded, the second would be told ten seconds later, when it may be mended.
    @Test func aConfigurationThatIsRefusedTwiceIsToldTwiceAndAtOnce() async throws {
        try await Stage.with { stage in
            let settings = EntrepotServer.Settings(log: "format = \"json\"\n")
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: "[repository.a]\n", settings: settings)
            for count in 1...2 {
                try entrepot.reconfigure(
                    repositories: "[repository.a]\nno_such_key = 1\n# \(count)\n", settings: settings)
                let found = try await eventually(within: .seconds(8)) {
                    Self.lines(entrepot, "configuration not reloaded").count == count ? true : nil
                }
                #expect(found == true)
            }
            #expect(Self.lines(entrepot, "configuration not reloaded").allSatisfy { $0["repeated"] == nil })
        }
    }

    @Test func anUpstreamThatFailsIsToldOnceWithItsCauseAndThenCounted() async throws {
        try await Stage.with { stage in
            let port = FreePorts.next()
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories:
                    "[repository.up]\nnegative_ttl = 0\n[[repository.up.upstream]]\nurl = \"http://127.0.0.1:\(port)\"\n",
                settings: .init(log: "format = \"json\"\n"))
            for _ in 0..<4 { #expect(try await entrepot.get("/v2/up/app/manifests/x").status >= 500) }
            let found = try await eventually(within: .seconds(30)) {
                Self.lines(entrepot, "an upstream failed").first { $0["repeated"] != nil }
            }
            #expect(found?["level"] == "warning")
            #expect(found?["outcome"] == "refused")
            #expect(found?["upstream"] == "127.0.0.1:\(port)")
            let told = Self.lines(entrepot, "an upstream failed").filter { $0["repeated"] == nil }
            #expect(Set(told.map { $0["error"] }).count == told.count)
        }
    }

    @Test func linesGoToStandardOutputWhereThatIsSaid() async throws {
        try await Stage.with { stage in
            let file = stage.directory.appendingPathComponent("output")
            let root = try stage.makeDirectory("root")
            let port = FreePorts.next()
            let configuration = try stage.write(
                "[server]\nport = \(port)\n[log]\noutput = \"stdout\"\n[storage.fs]\nroot_dir = \"\(root.path)\"\n[repository.local]\n",
                to: "x.toml")
            let server = try stage.start(
                "sh",
                ["-c", "exec '\(Paths.entrepot.path)' -c '\(configuration.path)' server > '\(file.path)'"])
            try await server.waitUntilReady { FreePorts.isListening(port) }
            await server.stop()
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.contains(" notice entrepot: serving address="))
            // What was logged last was written before the end.
            #expect(text.contains("stopping; transfers in flight may finish"))
        }
    }
}
