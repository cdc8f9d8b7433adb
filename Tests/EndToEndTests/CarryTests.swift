import Foundation
import TestSupport
import Testing

/// Images carried to where there is no network: export, import, verify, with the tools that people have there.
@Suite struct CarryTests {
    private static let image = "up.test/test/app:multi"

    /// A store that has pulled the image through, and a bundle of it.
    private func bundle(on stage: Stage, _ options: String...) async throws -> (outside: EntrepotServer, path: String) {
        let images = try await Images.ready
        let upstream = try await DockerRegistry.start(on: stage, store: images.store)
        let outside = try await EntrepotServer.start(
            on: stage, repositories: "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"))
        _ = try await Skopeo(stage: stage).pull(PullRequest(host: outside.host, namespace: "up.test"))
        // What refers to the image is pulled by who looks for it.
        let artifact = "/v2/up.test/test/app/manifests/\(images.facts.artifact)"
        for match in try await outside.get(artifact).text.matches(of: /sha256:[0-9a-f]{64}/) {
            _ = try await outside.get("/v2/up.test/test/app/blobs/\(match.output)")
        }
        let path = try stage.makeDirectory("medium").appendingPathComponent("app.bundle").path
        // Beside the server that runs.
        let exported = try await Command(
            Paths.entrepot.path, ["-c", outside.configuration.path, "export", "-o", path] + options + [Self.image]
        ).outcome()
        #expect(exported.status == .exited(0), "\(exported.output)")
        return (outside, path)
    }

    /// A site whose upstream cannot be asked.
    private func inside(on stage: Stage) async throws -> EntrepotServer {
        try await EntrepotServer.start(
            on: stage, root: try stage.makeDirectory("inside"),
            repositories: """
                [repository."up.test"]
                offline = true
                [[repository."up.test".upstream]]
                url = "http://127.0.0.1:9"
                [repository."local"]
                [repository."docker.io"]

                """)
    }

    @Test func everyClientPullsInsideWhatWasExportedOutside() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let (outside, path) = try await bundle(on: stage)
            await outside.process.stop()
            let inside = try await inside(on: stage)
            let request = PullRequest(host: inside.host, namespace: "up.test")
            // Asked before it is there: nothing that was remembered of that stands in the way.
            #expect(try await inside.get("/v2/up.test/test/app/manifests/multi").status == 503)
            let imported = try await inside.command("import", path)
            #expect(imported.status == .exited(0), "\(imported.output)")
            #expect(imported.output.contains(Self.image))
            let verified = try await inside.command("verify", "--rehash", "--all-platforms", Self.image)
            #expect(verified.status == .exited(0), "\(verified.output)")
            for kind in ClientKind.enabled where kind != .docker {
                let client = try await kind.fresh(on: stage, mirror: inside.url)
                #expect(try await client.pull(request).contains("sha256:"), "\(kind)")
            }
            let pulled = try await Skopeo(stage: stage).pull(request)
            #expect(pulled.contains(images.facts.index))
            // What refers to the image came with it.
            let referrers = try await inside.get("/v2/up.test/test/app/referrers/\(images.facts.index)")
            #expect(referrers.text.contains(images.facts.artifact))
        }
    }

    @Test func skopeoPodmanAndContainerdReadABundle() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let (_, path) = try await bundle(on: stage)
            let inspected = try await Command(
                "skopeo", ["inspect", "--raw", "oci-archive:\(path):\(Self.image)"]
            ).run()
            #expect(inspected.contains(images.facts.amd64))
            let podman = try Podman(stage: stage)
            let loaded = try await Command("podman", podman.store + ["load", "-i", path]).run()
            #expect(loaded.contains(Self.image), "\(loaded)")
            let containerd = try await Containerd(stage: stage)
            let ctr = ["-a", containerd.socket, "images"]
            try await Command("ctr", ctr + ["import", "--snapshotter", "native", path]).run()
            let listed = try await Command("ctr", ctr + ["ls"]).run()
            #expect(listed.contains(Self.image) && listed.contains(images.facts.index), "\(listed)")
        }
    }

    @Test func whatOtherToolsWroteIsImportedBesideARunningServer() async throws {
        try await Stage.with { stage in
            let (_, path) = try await bundle(on: stage)
            let inside = try await inside(on: stage)
            let folder = try stage.makeDirectory("archives").path
            let source = "oci-archive:\(path):\(Self.image)"
            try await Command(
                "skopeo", ["copy", "-q", source, "docker-archive:\(folder)/docker.tar:example.test/team/app:1"]
            ).run()
            try await Command(
                "skopeo", ["copy", "-q", "--all", source, "oci-archive:\(folder)/oci.tar:docker.io/library/two:2"]
            ).run()
            try await Command("skopeo", ["copy", "-q", "--all", source, "oci:\(folder)/layout:three"]).run()
            let podman = try Podman(stage: stage)
            try await Command("podman", podman.store + ["load", "-q", "-i", "\(folder)/docker.tar"]).run()
            try await Command(
                "podman", podman.store + ["save", "-q", "-o", "\(folder)/podman.tar", "example.test/team/app:1"]
            ).run()
            for (arguments, name) in [
                (["\(folder)/docker.tar", "--name", "local/one:1"], "local/one:1"),
                (["\(folder)/oci.tar"], "docker.io/library/two:2"),
                (["\(folder)/layout", "--name", "local/three"], "local/three:three"),
                (["\(folder)/podman.tar", "--prefix", "local/site"], "local/site/example.test/team/app:1"),
            ] {
                let imported = try await Command(
                    Paths.entrepot.path, ["-c", inside.configuration.path, "import"] + arguments
                ).outcome()
                #expect(imported.status == .exited(0), "\(imported.output)")
                #expect(imported.output.contains(name), "\(imported.output)")
                let parts = name.split(separator: ":")
                let request = PullRequest(host: inside.host, name: String(parts[0]), tag: String(parts[1]))
                #expect(try await Skopeo(stage: stage).pull(request).contains("sha256:"))
            }
        }
    }

    @Test func aBundleIsSignedInVolumesAndThroughAPipe() async throws {
        try await Stage.with { stage in
            let keys = try stage.makeDirectory("keys").path
            for name in ["site", "stranger"] {
                try await Command(
                    Paths.entrepot.path, ["token", "keygen", "--alg", "EdDSA", "--key", "\(keys)/\(name).pem"]
                ).run()
            }
            let (_, path) = try await bundle(
                on: stage, "--sign", "\(keys)/site.pem", "--volume-size", "4MiB", "--zstd")
            let inside = try await inside(on: stage)
            let names = try FileManager.default.contentsOfDirectory(
                atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path)
            #expect(names.filter { $0.hasPrefix("app.bundle.0") }.count > 1)
            let stranger = try await inside.command("import", path, "--trust", "\(keys)/stranger.pem")
            #expect(stranger.status == .exited(1), "\(stranger.output)")
            #expect(stranger.output.contains("not signed by a key that is trusted"))
            let verified = try await inside.command("verify", path, "--trust", "\(keys)/site.pem")
            #expect(verified.status == .exited(0) && verified.output.contains("trusted key"), "\(verified.output)")
            let piped = try await Command(
                "sh",
                [
                    "-c", "cat \"$1\".0?? | \"$0\" -c \"$2\" import - --trust \"$3\"", Paths.entrepot.path, path,
                    inside.configuration.path, "\(keys)/site.pem",
                ]
            ).outcome()
            #expect(piped.status == .exited(0), "\(piped.output)")
            #expect(try await inside.command("verify", "--all").status == .exited(0))
            // One bit of the medium.
            let volume = URL(fileURLWithPath: path + ".002")
            var bytes = try Data(contentsOf: volume)
            bytes[bytes.count / 2] ^= 4
            try bytes.write(to: volume)
            let damaged = try await inside.command("verify", path)
            #expect(damaged.status == .exited(1), "\(damaged.output)")
        }
    }

    @Test func whatIsMissingIsToldWithTheCommandThatFetchesIt() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let (outside, _) = try await bundle(on: stage)
            try FileManager.default.removeItem(at: outside.blobPath(images.facts.layers[0]))
            let verified = try await outside.command("verify", Self.image, "--all-platforms")
            #expect(verified.status == .exited(1))
            #expect(verified.output.contains(images.facts.layers[0]), "\(verified.output)")
            #expect(verified.output.contains("entrepot seed \(Self.image)"))
            let list = try stage.write("\(Self.image)\nup.test/test/app:absent # not there\n", to: "list")
            let against = try await outside.command("verify", "--against", list.path, "--json")
            #expect(against.status == .exited(1))
            #expect(against.output.contains("tag-missing"), "\(against.output)")
            // A list of any kind that is seeded can be verified and exported as well.
            let pod = try stage.write("kind: Pod\nspec:\n  containers:\n  - image: \(Self.image)\n", to: "pod.yaml")
            let seen = try await outside.command("verify", "--against", pod.path)
            #expect(seen.status == .exited(0) && seen.output.contains("\(Self.image)@"), "\(seen.output)")
            // A pattern that means nothing, beside a name that does.
            let patterns = try stage.write("\(Self.image)\nup.test/test/app:9*\n", to: "patterns").path
            for command in [["verify", "--against"], ["export", "-o", "\(patterns).bundle", "--list"]] {
                let outcome = try await Command(
                    Paths.entrepot.path, ["-c", outside.configuration.path] + command + [patterns]
                ).outcome()
                #expect(outcome.status == .exited(1))
                #expect(outcome.output.contains("nothing of up.test/test/app:9*"), "\(outcome.output)")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(patterns).bundle"))
        }
    }

    /// A pull whose content has begun to come, and goes on when it is let.
    private func pull(
        to medium: URL, on stage: Stage, ignoring signals: String = ""
    ) async throws -> (RunningProcess, ScriptedUpstream) {
        let upstream = try await ScriptedUpstream.start(on: stage, file: try await Images.ready.smallBlob)
        let pull = try stage.start(
            "sh",
            [
                "-c", signals.isEmpty ? #"exec "$@""# : #"trap '' \#(signals); exec "$@""#, "sh", Paths.entrepot.path,
                "image", "pull", upstream.url, "gated/app:latest", "-o", medium.appendingPathComponent("app.tar").path,
            ], name: "pull")
        try await pull.waitUntilReady {
            let requests = try? await upstream.requests
            return requests?.contains { $0.path.hasSuffix(upstream.facts.layer) } ?? false
        }
        return (pull, upstream)
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func whatIsToldToStopLeavesNothingOnTheMedium(signal: Int32) async throws {
        try await Stage.with { stage in
            let medium = try stage.makeDirectory("medium")
            func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: medium.path) }
            let (pull, _) = try await pull(to: medium, on: stage)
            #expect(try files().contains("app.tar.unfinished"))
            pull.signal(signal)
            #expect(try await pull.waitForExit(within: .seconds(30)) == .exited(128 + signal))
            #expect(try files() == [])
        }
    }

    /// As `nohup` starts it, and shells what they start in the background.
    @Test func aSignalThatIsIgnoredStopsNothing() async throws {
        try await Stage.with { stage in
            let medium = try stage.makeDirectory("medium")
            let (pull, upstream) = try await pull(to: medium, on: stage, ignoring: "HUP INT TERM")
            for signal in [SIGHUP, SIGINT, SIGTERM] { pull.signal(signal) }
            try await upstream.release()
            #expect(try await pull.waitForExit(within: .seconds(30)) == .exited(0))
            let files = try FileManager.default.contentsOfDirectory(atPath: medium.path)
            #expect(files.sorted() == ["app.tar", "app.tar.sha256"])
        }
    }

    /// An outside with an upstream, an inside with no route at all.
    @Test func everyClientPullsWhereThereIsNoNetwork() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(
                on: stage, store: try await images.copyStore(to: stage), isWritable: true)
            let outside = try await EntrepotServer.start(
                on: stage,
                repositories: "[repository.\"docker.io\"]\n" + upstream.configuration(namespace: "docker.io"))
            let medium = try stage.makeDirectory("medium").path
            func publish(_ arguments: String...) async throws -> String {
                try await Command("python3", [Paths.script("upstream-images.py")] + arguments).run()
            }
            /// Signs an image at its publisher's, seeds it and writes it to the medium.
            func carry(_ tag: String, to file: String, _ options: String...) async throws -> String {
                _ = try await publish("sign", upstream.host, "test/app", tag, medium, "docker.io/test/app")
                let seeded = try await outside.command("seed", "docker.io/test/app:\(tag)")
                #expect(seeded.status == .exited(0), "\(seeded.output)")
                let path = "\(medium)/\(file)"
                let exported = try await Command(
                    Paths.entrepot.path,
                    ["-c", outside.configuration.path, "export", "-o", path, "--all-platforms"] + options
                        + ["docker.io/test/app:\(tag)"]
                ).outcome()
                #expect(exported.status == .exited(0), "\(exported.output)")
                return path
            }
            let path = try await carry("multi", to: "app.bundle")
            let layer = try await publish("change", upstream.host, "test/app", "amd64", "next")
            let delta = try await carry("next", to: "delta.bundle", "--since", path)
            // One changed layer is that layer and little more: manifest, configuration, signature, catalogue.
            let size = try #require(try FileManager.default.attributesOfItem(atPath: delta)[.size] as? Int)
            let changed = try #require(Int(layer.trimmingCharacters(in: .whitespacesAndNewlines)))
            #expect(size > changed && size < changed + 32 << 10, "\(size) bytes for a layer of \(changed)")
            let inside = try await Command(
                Paths.script("no-network.sh"),
                [
                    Paths.entrepot.path, path, delta, "\(medium)/cosign.pub", images.facts.index, images.facts.artifact,
                ]
            ).outcome(within: .seconds(240))
            #expect(inside.status == .exited(0), "\(inside.output)")
            for client in ["signatures", "skopeo", "podman", "buildah", "ctr", "delta", "misses"] {
                #expect(inside.output.contains("\(client)\n"), "\(inside.output)")
            }
        }
    }
}
