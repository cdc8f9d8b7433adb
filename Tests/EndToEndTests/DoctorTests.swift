import Foundation
import TestSupport
import Testing

/// `entrepot doctor` beside real upstreams, Redis and files of runtimes.
@Suite struct DoctorTests {
    private struct Report: Decodable {
        struct Finding: Decodable {
            var severity: String
            var area: String
            var subject: String
            var message: String
            var remedy: String?
        }

        var worst: String
        var findings: [Finding]

        func areas(_ severity: String) -> Set<String> {
            Set(findings.filter { $0.severity == severity }.map(\.area))
        }
    }

    private static func examine(
        _ configuration: URL, _ arguments: String...
    ) async throws -> (status: TestSupport.ExitStatus, report: Report, text: String) {
        let program = ["-c", configuration.path, "doctor", "--runtimes-root", "/nonexistent"]
        let answer = try await Command(Paths.entrepot.path, program + arguments + ["--json"]).outcome()
        return (answer.status, try JSONDecoder().decode(Report.self, from: Data(answer.output.utf8)), answer.output)
    }

    @Test func aServerThatWorksIsFoundWell() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(.token, on: stage, store: images.store)
            let redis = try await RedisServer.start(on: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: upstream.configuration(namespace: "up.test")
                    + "[lock_store.redis]\nurl = \"redis://127.0.0.1:\(redis.port)\"\n[cache]\nmax_size = \"1GiB\"\n")
            let (status, report, text) = try await Self.examine(entrepot.configuration)
            // Where the suite runs, the file system may be a container's own, and its certificates last two days.
            #expect(report.areas("failure").isEmpty, "\(text)")
            #expect(report.areas("warning").subtracting(["store", "machine", "tls"]).isEmpty, "\(text)")
            #expect(
                report.areas("ok").isSuperset(of: ["store", "redis", "upstreams", "runtimes", "machine"]), "\(text)")
            #expect(status == (report.areas("warning").isEmpty ? .success : .exited(4)))
            #expect(!text.contains(DockerRegistry.password))
            let answers = report.findings.first { $0.subject == entrepot.host }
            #expect(answers?.severity == "ok")
            // It tidied up, and the server goes on.
            let left = entrepot.root.appendingPathComponent(".entrepot/test").path
            #expect((try? FileManager.default.contentsOfDirectory(atPath: left)) ?? [] == [])
            #expect(try await entrepot.get("/v2/up.test/test/app/manifests/multi").status == 200)
        }
    }

    @Test func everythingThatIsWrongIsToldWithARemedy() async throws {
        try await Stage.with { stage in
            let root = try stage.makeDirectory("root")
            let certificates = try await Certificates.make(on: stage)
            try await Command("chmod", ["644", certificates.serverKey.path]).run()
            let runtimes = try stage.makeDirectory("runtimes")
            let folder = runtimes.appendingPathComponent("etc/containerd/certs.d/quay.io")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let port = FreePorts.next()
            try Data("[host.\"http://127.0.0.1:\(port)\"]\n".utf8)
                .write(to: folder.appendingPathComponent("hosts.toml"))
            let file = try stage.write(
                """
                [server]
                port = \(port)
                [server.tls]
                server_certificate_bundle = "\(certificates.serverCertificate.path)"
                server_private_key = "\(certificates.serverKey.path)"
                [storage.fs]
                root_dir = "\(root.path)"
                [cache]
                min_free = "1000000GiB"
                [lock_store.redis]
                url = "redis://127.0.0.1:\(FreePorts.next())"
                [[repository."up.test".upstream]]
                url = "https://registry.invalid"
                """, to: "broken.toml")
            let (status, report, text) = try await Self.examine(file, "--runtimes-root", runtimes.path)
            #expect(status == .exited(1) && report.worst == "failure")
            #expect(report.areas("failure") == ["redis", "upstreams", "runtimes"], "\(text)")
            #expect(report.areas("warning").isSuperset(of: ["store", "tls"]), "\(text)")
            // Ranked.
            let order = ["failure", "warning", "note", "ok"]
            let ranks = report.findings.compactMap { order.firstIndex(of: $0.severity) }
            #expect(ranks == ranks.sorted())
            #expect(report.findings.allSatisfy { ["note", "ok"].contains($0.severity) || $0.remedy != nil }, "\(text)")
            let runtime = report.findings.filter { $0.area == "runtimes" }.map(\.message).joined()
            #expect(runtime.contains("asked with http") && runtime.contains("no mirror"), "\(text)")

            let one = try await Self.examine(file, "--only", "tls")
            #expect(Set(one.report.findings.map(\.area)) == ["tls"])
            #expect(one.status == .exited(4))
        }
    }

    @Test func aConfigurationThatIsNoneIsToldAsFindings() async throws {
        try await Stage.with { stage in
            let file = try stage.write("[server]\nport = 70000\n", to: "bad.toml")
            let (status, report, _) = try await Self.examine(file)
            #expect(status == .exited(1))
            #expect(report.findings.first?.subject == "\(file.path):2: server.port")
            #expect(report.areas("failure") == ["configuration"])
        }
    }

    @Test func whatIsLeftAtAnUpstreamIsTold() async throws {
        try await Stage.with { stage in
            let file = try stage.write("layer", to: "layer")
            let upstream = try await ScriptedUpstream.start(on: stage, file: file)
            let configuration = try stage.write(
                "[storage.fs]\nroot_dir = \"\(stage.directory.path)/data\"\n"
                    + upstream.configuration(namespace: "up.test", mode: "good"), to: "limited.toml")
            let (_, report, text) = try await Self.examine(configuration, "--only", "upstreams")
            #expect(report.findings.contains { $0.message.contains("3 of 100 requests are left") }, "\(text)")
            #expect(report.areas("warning") == ["upstreams"])
        }
    }
}
