import Foundation
import TestSupport
import Testing

/// Images fetched ahead of time, and those that were missed where there is no network.
@Suite struct SeedTests {
    @Test func whatASiteMissesIsSeededOutsideCarriedInsideAndPulled() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            // Outside: seeds beside a server that runs.
            let outside = try await EntrepotServer.start(
                on: stage, root: try stage.makeDirectory("outside"),
                repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"))
            let inside = try await EntrepotServer.start(
                on: stage, root: try stage.makeDirectory("inside"),
                repositories: """
                    [repository."up.test"]
                    offline = true
                    [[repository."up.test".upstream]]
                    url = "http://127.0.0.1:9"

                    """)
            let request = PullRequest(host: inside.host, namespace: "up.test")
            // A client is told which image it is.
            let refused = try await inside.get("/v2/up.test/test/app/manifests/multi")
            #expect(refused.status == 503 && refused.text.contains("up.test/test/app:multi is not held at this site"))
            var misses = ""
            for _ in 0..<100 where misses.isEmpty { misses = try await inside.command("misses").output }
            #expect(misses == "up.test/test/app:multi\n")
            // What could not be written is not forgotten.
            let lost = try await Command(
                "sh",
                [
                    "-c", "\"$0\" -c \"$1\" misses --clear > /dev/full", Paths.entrepot.path,
                    inside.configuration.path,
                ]
            ).outcome()
            #expect(lost.status == .exited(1))
            #expect(try await inside.command("misses", "--clear").output == misses)
            #expect(try await inside.command("misses").output == "")

            let list = try stage.write(misses, to: "misses.txt")
            let seeded = try await outside.command("seed", list.path)
            #expect(seeded.status == .exited(0), "\(seeded.output)")
            #expect(seeded.output.contains("ok  up.test/test/app:multi@\(images.facts.index)"), "\(seeded.output)")
            let asked = upstream.requests.count
            let blobs = upstream.requests.filter { $0.hasPrefix("GET") && $0.contains("/blobs/") }
            #expect(Set(blobs).count == blobs.count, "\(blobs)")
            #expect(try await outside.command("seed", "up.test/test/app:multi").status == .exited(0))
            #expect(upstream.requests.dropFirst(asked).allSatisfy { !$0.contains("/blobs/") })
            // The server that runs knows of it, and needs nobody.
            await upstream.stop()
            _ = try await Skopeo(stage: stage).pull(PullRequest(host: outside.host, namespace: "up.test"))

            let path = try stage.makeDirectory("medium").appendingPathComponent("misses.bundle").path
            let exported = try await outside.command("export", "-o", path, "--all-platforms", "--list", list.path)
            #expect(exported.status == .exited(0), "\(exported.output)")
            #expect(try await inside.command("import", path).status == .exited(0))
            #expect(try await inside.command("verify", "--against", list.path).status == .exited(0))
            let client = try await Containerd(stage: stage)
            #expect(try await client.pull(request).contains(images.facts.index))
            let referrers = try await inside.get("/v2/up.test/test/app/referrers/\(images.facts.index)")
            #expect(referrers.text.contains(images.facts.artifact))
        }
    }

    @Test func onlyOnePlatformIsSeededWhereOneIsWanted() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let server = try await EntrepotServer.start(
                on: stage, repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"))
            await server.process.stop()
            let manifest = try stage.write(
                "kind: Pod\nspec:\n  containers:\n  - image: up.test/test/app:multi\n    name: app\n", to: "pod.yaml")
            let seeded = try await server.command(
                "seed", manifest.path, "up.test/test/app:absent", "--platform", "linux/arm64", "--json")
            #expect(seeded.status == .exited(1), "\(seeded.output)")
            #expect(seeded.output.contains("up.test/test/app:absent"))
            #expect(server.holds(images.facts.arm64) && !server.holds(images.facts.amd64))
            #expect(try await server.command("verify", "up.test/test/app:multi").status == .exited(0))
            let strict = try await server.command("verify", "up.test/test/app:multi", "--all-platforms")
            #expect(strict.status == .exited(1))
        }
    }

    @Test func aLimitLikeDockerHubsIsWaitedForAndTold() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let registry = try await DockerRegistry.start(on: stage, store: images.store)
            let port = FreePorts.next()
            let limited = try stage.start(
                "/usr/bin/python3",
                [Paths.script("limited-registry.py"), "\(port)", "\(registry.port)", "2", "2"], name: "limited")
            try await limited.waitUntilReady { FreePorts.isListening(port) }
            let server = try await EntrepotServer.start(
                on: stage,
                repositories: """
                    [repository."up.test"]
                    [[repository."up.test".upstream]]
                    url = "http://127.0.0.1:\(port)"

                    """)
            await server.process.stop()
            // An index, two images and what refers to it: more than is sent in one span.
            let seeded = try await server.command("seed", "up.test/test/app:multi", "--patience", "2m")
            #expect(seeded.status == .exited(0), "\(seeded.output)")
            #expect(seeded.output.contains("wait     up.test/test/app:multi: "), "\(seeded.output)")
            #expect(try await server.command("verify", "up.test/test/app:multi").status == .exited(0))
            let answers = limited.output.split(separator: "\n").map(String.init)
            #expect(answers.contains("refused"))
            // None is asked for while it would be refused again, and none is sent twice but the list of referrers, which is read and
            // kept.
            let sent = answers.filter { $0.hasPrefix("sent") && !$0.contains("sha256-") }
            #expect(sent.count == 4 && Set(sent).count == 4, "\(answers)")
            #expect(answers.filter { $0 == "refused" }.count <= 4, "\(answers)")
            // Who does not want to wait is told so.
            try FileManager.default.removeItem(at: server.root.appendingPathComponent("docker"))
            let impatient = try await server.command("seed", "up.test/test/app:multi", "--patience", "0s")
            #expect(
                impatient.status == .exited(1) && impatient.output.contains("failed   up.test"), "\(impatient.output)")
        }
    }

    @Test func whatAnotherSitesBundleHoldsIsSeeded() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            func site(_ name: String) async throws -> EntrepotServer {
                let server = try await EntrepotServer.start(
                    on: stage, root: try stage.makeDirectory(name),
                    repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"))
                await server.process.stop()
                return server
            }
            let (first, second) = (try await site("first"), try await site("second"))
            #expect(try await first.command("seed", "up.test/test/app:multi").status == .exited(0))
            let bundle = try stage.makeDirectory("medium").appendingPathComponent("all.bundle").path
            let exported = try await first.command("export", "-o", bundle, "--all", "--volume-size", "8MiB")
            #expect(exported.status == .exited(0), "\(exported.output)")
            let seeded = try await second.command("seed", bundle)
            #expect(seeded.status == .exited(0), "\(seeded.output)")
            #expect(seeded.output.contains("ok  up.test/test/app:multi@\(images.facts.index)"), "\(seeded.output)")
            #expect(try await second.command("verify", "up.test/test/app:multi").status == .exited(0))
        }
    }

    @Test func aListInTheConfigurationIsKeptFreshByTheServer() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let list = try stage.write("up.test/test/app:multi\nup.test/test/app:absent\nNo Name\n", to: "list.txt")
            let server = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test")
                    + "[[seed]]\nlist = \"\(list.path)\"\nplatforms = [\"linux/amd64\"]\n")
            for _ in 0..<600 where !server.holds(images.facts.amd64) { try await Task.sleep(for: .milliseconds(50)) }
            for _ in 0..<200 {
                if try await server.command("verify", "up.test/test/app:multi").status == .exited(0) { break }
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(server.holds(images.facts.amd64) && !server.holds(images.facts.arm64))
            await upstream.stop()
            #expect(try await server.command("verify", "up.test/test/app:multi").status == .exited(0))
        }
    }
}
