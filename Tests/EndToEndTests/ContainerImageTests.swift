import Foundation
import TestSupport
import Testing

/// The `Dockerfile`, built and run. Its program is that of the tests; every night it is the one that it compiles.
@Suite struct ContainerImageTests {
    @Test func theImageOfTheDockerfileServesAndIsReadyAndRunsAsItsOwnUser() async throws {
        try ClientKind.requireRoot()
        try await Stage.with { stage in
            let folder = Paths.cache.appendingPathComponent("container").path
            let store = ["--root", "\(folder)/root", "--runroot", "\(folder)/run", "--storage-driver", "vfs"]
            let tree = Paths.cache.deletingLastPathComponent().deletingLastPathComponent()
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let built = try await Command(
                Paths.script("build-container.sh"), [tree.path, Paths.cache.path, Paths.entrepot.path] + store
            ).run(within: .seconds(2400))
            let image = try #require(built.split(separator: "\n").last.map(String.init))

            let configuration = try await Command("buildah", store + ["inspect", "--type", "image", image]).run()
            #expect(configuration.contains(#""User": "entrepot""#))
            #expect(configuration.contains("healthcheck"))
            let name = try await Command("buildah", store + ["from", "--quiet", image]).run()
                .trimmingCharacters(in: .whitespacesAndNewlines)
            defer { try? FileManager.default.removeItem(atPath: folder) }

            // The tests' program is linked with the toolchain's.
            let libraries = try await Command(
                "sh",
                [
                    "-c", "ldd \"$0\" | sed -nE 's|.* => (/.*/swift/linux)/.*|\\1:\\1:ro|p' | sort -u",
                    Paths.entrepot.path,
                ]
            ).run().split(separator: "\n").map(String.init)
            // A port of the host's, since the network is not its own here.
            let port = FreePorts.next()
            let file = try stage.write("[server]\nbind_address = \"127.0.0.1\"\nport = \(port)\n", to: "entrepot.toml")
            func inside(_ command: String...) -> [String] {
                let mounts = ["\(file.path):/etc/entrepot/entrepot.toml:ro"] + libraries
                return store + ["run", "--isolation", "chroot"] + mounts.flatMap { ["-v", $0] } + [name, "--"] + command
            }
            let program = ["entrepot", "-c", "/usr/share/entrepot/container.toml", "-c", "/etc/entrepot/entrepot.toml"]
                .joined(separator: " ")
            let check = try await Command("buildah", inside("sh", "-c", program + " config check")).run()
            #expect(check.contains("data in /var/lib/entrepot"))
            let process = try stage.start("buildah", inside("sh", "-c", "exec \(program) server"), name: "container")
            try await process.waitUntilReady {
                (try? await HTTPProbe.get("http://127.0.0.1:\(port)/readyz").status) == 200
            }
            try await Command("buildah", inside("sh", "-c", program + " healthcheck")).run()
            let answer = try await HTTPProbe.get("http://127.0.0.1:\(port)/v2/local/app/tags/list")
            #expect(answer.status == 404)
            let owner = try await Command("buildah", inside("stat", "-c", "%U", "/var/lib/entrepot/.entrepot")).run()
            #expect(owner == "entrepot\n")
        }
    }
}
