import Foundation
import TestSupport
import Testing

/// The `Dockerfile`, built and run. Takes as long as a release build does; `make test` runs it by itself at the end.
@Suite struct ContainerImageTests {
    @Test func theImageOfTheDockerfileServesAndIsReadyAndRunsAsItsOwnUser() async throws {
        try ClientKind.requireRoot()
        try await Stage.with { stage in
            let folder = Paths.cache.appendingPathComponent("container").path
            let store = ["--root", "\(folder)/root", "--runroot", "\(folder)/run", "--storage-driver", "vfs"]
            let tree = Paths.cache.deletingLastPathComponent().deletingLastPathComponent()
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let built = try await Command(Paths.script("build-container.sh"), [tree.path, Paths.cache.path] + store)
                .run(within: .seconds(2400))
            let image = try #require(built.split(separator: "\n").last.map(String.init))

            let configuration = try await Command("buildah", store + ["inspect", "--type", "image", image]).run()
            #expect(configuration.contains(#""User": "entrepot""#))
            #expect(configuration.contains("healthcheck"))
            let name = try await Command("buildah", store + ["from", "--quiet", image]).run().trimmed
            let root = try await Command("buildah", store + ["mount", name]).run().trimmed
            defer { try? FileManager.default.removeItem(atPath: folder) }

            // A port of the host's, since the network is not its own here.
            let port = FreePorts.next()
            try Data("[server]\nbind_address = \"127.0.0.1\"\nport = \(port)\n".utf8)
                .write(to: URL(fileURLWithPath: root).appendingPathComponent("etc/entrepot/entrepot.toml"))
            let files = ["-c", "/usr/share/entrepot/container.toml", "-c", "/etc/entrepot/entrepot.toml"]
            func inside(_ arguments: [String]) -> [String] {
                ["--userspec=entrepot:entrepot", root, "/usr/local/bin/entrepot"] + arguments
            }
            #expect(try await Command("chroot", inside(files + ["config", "check"])).outcome().status == .success)
            let process = try stage.start("chroot", inside(files + ["server"]), name: "entrepot-image")
            try await process.waitUntilReady {
                (try? await HTTPProbe.get("http://127.0.0.1:\(port)/readyz").status) == 200
            }
            #expect(try await Command("chroot", inside(files + ["healthcheck"])).outcome().status == .success)
            let answer = try await HTTPProbe.get("http://127.0.0.1:\(port)/v2/local/app/tags/list")
            #expect(answer.status == 404)
            let owner = try FileManager.default.attributesOfItem(atPath: root + "/var/lib/entrepot/.entrepot")
            #expect(owner[.ownerAccountID] as? Int == 65532)
        }
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
