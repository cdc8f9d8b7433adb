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
}
