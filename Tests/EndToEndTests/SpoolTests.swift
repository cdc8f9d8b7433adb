import Foundation
import TestSupport
import Testing

/// What is dropped into a folder.
@Suite struct SpoolTests {
    @Test func filesThatAreDroppedArePushedAndFailuresToldToWhoWaits() async throws {
        try await Stage.with { stage in
            let home = try stage.makeDirectory("home")
            let folder = try stage.makeDirectory("spool").path
            let registry = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            let environment = ["HOME": home.path, "XDG_CONFIG_HOME": home.path]
            // As in a container: the environment says it all.
            let port = FreePorts.next()
            let spooler = try stage.start(
                Paths.entrepot.path, ["spool"],
                environment: environment.merging([
                    "ENTREPOT_SPOOL_FOLDER": folder, "ENTREPOT_SPOOL_REGISTRY": registry.host,
                    "ENTREPOT_SPOOL_HEALTH": "127.0.0.1:\(port)", "ENTREPOT_SPOOL_KEEP": "",
                ]) { $1 })
            func health(_ path: String) async -> Int? {
                try? await HTTPProbe.get("http://127.0.0.1:\(port)\(path)").status
            }
            try await spooler.waitUntilReady { await health("/ready") == 200 }
            #expect(await health("/live") == 200)
            #expect(await health("/v2/") == 404)
            let file = try stage.write("hello world\n", to: "hello.txt")
            func hand(_ name: String, _ path: String) async throws -> (status: TestSupport.ExitStatus, output: String) {
                try await Command(
                    Paths.entrepot.path, ["spool", folder, "--put", path, "--as", name, "--wait", "--patience", "60"],
                    environment: environment
                ).outcome()
            }
            let pushed = try await hand("files/hello:1", file.path)
            #expect(pushed.status == .exited(0) && pushed.output.contains("files/hello:1@sha256:"), "\(pushed.output)")
            // A tar file that holds no image.
            let tar = home.appendingPathComponent("some.tar").path
            try await Command("tar", ["-C", file.deletingLastPathComponent().path, "-cf", tar, "hello.txt"]).run()
            let failed = try await hand("files/tar:1", tar)
            #expect(failed.status == .exited(1) && failed.output.contains("index.json"), "\(failed.output)")
            #expect(FileManager.default.fileExists(atPath: folder + "/.failed/files\\tar:1.tar.err"))
            let list = ["image", "list", registry.host, "files/hello", "--format", "bare"]
            let listed = try await Command(Paths.entrepot.path, list, environment: environment).outcome()
            #expect(listed.output == "files/hello:1\n", "\(listed.output)")
            _ = FileManager.default.createFile(atPath: folder + "/files\\hello:1!", contents: Data())
            let isTaken = try await eventually(within: .seconds(30)) {
                FileManager.default.fileExists(atPath: folder + "/.done/files\\hello:1!.json") ? true : nil
            }
            #expect(isTaken == true)
            let gone = try await Command(Paths.entrepot.path, list, environment: environment).outcome()
            #expect(!gone.output.contains("files/hello:1"), "\(gone.output)")
            // A folder that is away does not end it, and shows.
            try FileManager.default.removeItem(atPath: folder)
            try Data().write(to: URL(fileURLWithPath: folder))
            let status = try await eventually(within: .seconds(30)) { await health("/ready") == 503 ? 503 : nil }
            #expect(status == 503)
            #expect(await health("/live") == 200)
            await spooler.stop()
        }
    }
}

/// What is dropped into a folder of the server's.
@Suite struct ServerSpoolTests {
    @Test func whatIsDroppedIsPulledByClientsAndDeletedAgain() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let folder = try stage.makeDirectory("spool").path
            let port = FreePorts.next()
            let server = try await EntrepotServer.start(
                on: stage,
                repositories: "[observability]\nlisten = \"127.0.0.1:\(port)\"\n"
                    + "[repository.\"local\"]\n[[spooler]]\ndirectory = \"\(folder)\"\nrepository = \"local/in\"\n")
            let registry = try await DockerRegistry.start(on: stage, store: images.store)
            let archive = try stage.makeDirectory("archives").path + "/app.tar"
            try await Command(
                "skopeo",
                [
                    "copy", "-q", "--src-tls-verify=false", "--override-arch", "amd64",
                    "docker://\(registry.host)/test/app:multi", "docker-archive:\(archive):whatever/name:9",
                ]
            ).run()
            let file = try stage.write("hello world\n", to: "hello.txt")
            func hand(_ name: String, _ path: String) async throws -> (status: TestSupport.ExitStatus, output: String) {
                try await Command(
                    Paths.entrepot.path, ["spool", folder, "--put", path, "--as", name, "--wait", "--patience", "60"]
                ).outcome()
            }
            let pushed = try await hand("team/app:1", archive)
            #expect(pushed.status == .exited(0) && pushed.output.contains("local/in/team/app:1"), "\(pushed.output)")
            let request = PullRequest(host: server.host, name: "local/in/team/app", tag: "1")
            #expect(try await Skopeo(stage: stage).pull(request).contains("sha256:"))
            #expect(try await hand("files/hello", file.path).status == .exited(0))
            let back = try await Command(
                Paths.entrepot.path, ["image", "pull", server.host, "local/in/files/hello", "--unpack", "-o", "-"]
            ).outcome()
            #expect(back.output == "hello world\n", "\(back.output)")
            _ = FileManager.default.createFile(atPath: folder + "/team\\app:1!", contents: Data())
            let isTaken = try await eventually(within: .seconds(30)) {
                FileManager.default.fileExists(atPath: folder + "/.done/team\\app:1!.json") ? true : nil
            }
            #expect(isTaken == true)
            #expect(try await server.get("/v2/local/in/team/app/manifests/1").status == 404)
            // A broken archive is told, and the server goes on.
            let broken = try stage.write(
                String(repeating: "x", count: 257) + "ustar" + String(repeating: "y", count: 5000), to: "x")
            let failed = try await hand("team/broken", broken.path)
            #expect(failed.status == .exited(1), "\(failed.output)")
            let metrics = try await HTTPProbe.get("http://127.0.0.1:\(port)/metrics").text
            for line in ["pushed\"} 2", "deleted\"} 1", "failed\"} 1"] {
                #expect(metrics.contains("entrepot_spooled_files_total{outcome=\"" + line), "\(line)")
            }
        }
    }
}
