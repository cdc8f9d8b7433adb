import Foundation
import TestSupport
import Testing

/// The script of the how-to, as somebody who reads it runs it.
@Suite struct ThreeReplicasTests {
    /// Ten in a row.
    private static func firstPort() -> UInt16 {
        while true {
            let port = FreePorts.next()
            if (0..<10).allSatisfy({ !FreePorts.isListening(port + $0) }) { return port }
        }
    }

    @Test func whatIsPushedThroughTheScriptsServersIsPulledFromEachAndAllEndWithIt() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let source = try await DockerRegistry.start(on: stage, store: images.store)
            let port = Self.firstPort()
            let script = try stage.start(
                "/bin/bash", [Paths.script("three-replicas.sh"), Paths.entrepot.path],
                environment: [
                    "PORT": "\(port)", "MOTO": Paths.tree.appendingPathComponent(".build/moto/bin/moto_server").path,
                ], name: "three-replicas")
            try await script.waitUntilReady(within: .seconds(60)) {
                script.output.contains("three servers behind http://127.0.0.1:\(port)")
            }
            let client = try Skopeo(stage: stage)
            let request = PullRequest(host: source.host)
            #expect(try await client.pull(request).contains(images.facts.index))
            try await client.push(
                request, to: PullRequest(host: "127.0.0.1:\(port)", name: "team/app", tag: "pushed"))
            for server in port...(port + 3) {
                let pulled = try await Skopeo(stage: stage).pull(
                    PullRequest(host: "127.0.0.1:\(server)", name: "team/app", tag: "pushed"))
                #expect(pulled.contains(images.facts.index))
            }
            let ending = await script.stop(grace: .seconds(30))
            #expect(ending == .success)
            for port in port...(port + 9) { #expect(!FreePorts.isListening(port)) }
        }
    }

    /// Read by somebody else's parser, and the configuration put where the pod would have it.
    @Test func theManifestsAreReadAndTheirConfigurationIsTaken() async throws {
        try await Stage.with { stage in
            let folder = try stage.makeDirectory("pod")
            for name in ["cluster-secret", "redis-password", "s3-secret-key"] {
                try Data(String(repeating: "5a", count: 32).utf8).write(to: folder.appendingPathComponent(name))
            }
            let program = """
                import sys, yaml
                documents = [d for d in yaml.safe_load_all(open(sys.argv[1])) if d]
                maps = [d for d in documents if d["kind"] == "ConfigMap"]
                assert sorted(d["kind"] for d in documents if "template" in d.get("spec", {})) == ["Deployment", "StatefulSet"]
                print(maps[0]["data"]["entrepot.toml"])
                """
            let text = try await Command(
                Paths.tree.appendingPathComponent(".build/moto/bin/python3").path,
                ["-c", program, Paths.tree.appendingPathComponent("config/kubernetes/three-replicas.yaml").path]
            ).run()
            let file = folder.appendingPathComponent("entrepot.toml")
            for place in ["/etc/entrepot/", "/var/lib/entrepot"] { #expect(text.contains(place)) }
            let placed = text.replacing("/etc/entrepot/", with: folder.path + "/")
                .replacing("/var/lib/entrepot", with: folder.path + "/data")
            try Data(placed.utf8).write(to: file)
            let container = Paths.tree.appendingPathComponent("config/container.toml").path
            func check() async throws -> (status: TestSupport.ExitStatus, output: String) {
                try await Command(
                    Paths.entrepot.path, ["-c", container, "-c", file.path, "config", "check"]
                ).outcome()
            }
            let taken = try await check()
            #expect(taken.status == .success, "\(taken.output)")
            try Data(placed.replacing("secret_file", with: "secrets_file").utf8).write(to: file)
            let refused = try await check()
            #expect(refused.status != .success && refused.output.contains("secrets_file"), "\(refused.output)")
        }
    }
}
