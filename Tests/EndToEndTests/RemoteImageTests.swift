import Foundation
import TestSupport
import Testing

/// Images and files pushed to registries and pulled from them, without a server of ours between.
@Suite struct RemoteImageTests {
    private func entrepot(
        _ arguments: [String], home: URL
    ) async throws -> (status: TestSupport.ExitStatus, output: String) {
        try await Command(
            Paths.entrepot.path, arguments,
            environment: ["HOME": home.path, "XDG_CONFIG_HOME": home.path, "XDG_RUNTIME_DIR": home.path]
        ).outcome()
    }

    /// An archive of the image for one platform.
    private func archive(on stage: Stage) async throws -> String {
        let images = try await Images.ready
        let registry = try await DockerRegistry.start(on: stage, store: images.store)
        let path = try stage.makeDirectory("archives").path + "/app.tar"
        try await Command(
            "skopeo",
            [
                "copy", "-q", "--src-tls-verify=false", "--override-arch", "amd64",
                "docker://\(registry.host)/test/app:multi",
                "docker-archive:\(path):team/app:1",
            ]
        ).run()
        await registry.stop()
        return path
    }

    @Test(arguments: [UpstreamKind.anonymous, .htpasswd, .token, .clientCertificate])
    func anArchiveIsPushedListedPulledAndDeleted(kind: UpstreamKind) async throws {
        try await Stage.with { stage in
            let home = try stage.makeDirectory("home")
            let archive = try await archive(on: stage)
            let registry = try await DockerRegistry.start(
                kind, on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            var add = ["registry", "add", "home", registry.url]
            if kind.usesPassword {
                let file = try stage.write(DockerRegistry.password + "\n", to: "password")
                add += ["--username", DockerRegistry.user, "--password-file", file.path]
            }
            if let certificates = registry.certificates {
                add += ["--tls-ca", certificates.authority.path]
                if kind == .clientCertificate {
                    add += [
                        "--tls-cert", certificates.clientCertificate.path, "--tls-key", certificates.clientKey.path,
                    ]
                }
            }
            let added = try await entrepot(add, home: home)
            #expect(added.status == .exited(0), "\(added.output)")
            let pushed = try await entrepot(["image", "push", "home", "team/app:1", archive], home: home)
            #expect(pushed.status == .exited(0), "\(pushed.output)")
            #expect(pushed.output.contains("team/app:1@sha256:"), "\(pushed.output)")
            // Nothing is sent that is there.
            let again = try await entrepot(
                ["image", "push", "home", "team/app:2", archive, "--chunk-size", "1MiB"], home: home)
            #expect(again.status == .exited(0) && again.output.contains("(0 MiB sent)"), "\(again.output)")
            let elsewhere = try await entrepot(["image", "push", "home", "other/app:1", archive], home: home)
            #expect(elsewhere.status == .exited(0), "\(elsewhere.output)")
            if kind != .token {
                let listed = try await entrepot(["image", "list", "home", "--format", "bare"], home: home)
                #expect(listed.output == "other/app:1\nteam/app:1\nteam/app:2\n", "\(listed.output)")
            }
            let tags = try await entrepot(["image", "list", "home", "team/app", "--format", "json"], home: home)
            #expect(tags.output == #"[{"image":"team/app:1"},{"image":"team/app:2"}]"# + "\n", "\(tags.output)")
            let pulled = home.appendingPathComponent("pulled.tar").path
            let outcome = try await entrepot(["image", "pull", "home", "team/app:1", "-o", pulled], home: home)
            #expect(outcome.status == .exited(0), "\(outcome.output)")
            let inspected = try await Command("skopeo", ["inspect", "oci-archive:\(pulled):team/app:1"]).run()
            #expect(inspected.contains("amd64"))
            if kind == .anonymous {
                let podman = try Podman(stage: stage)
                let piped = try await Command(
                    "sh",
                    [
                        "-c",
                        "\"$0\" image pull \"$1\" team/app:1 | podman \(podman.store.joined(separator: " ")) load",
                        Paths.entrepot.path, registry.host,
                    ]
                ).outcome()
                #expect(piped.status == .exited(0) && piped.output.contains("team/app:1"), "\(piped.output)")
            }
            let deleted = try await entrepot(["image", "delete", "home", "team/app:1"], home: home)
            #expect(deleted.status == .exited(0), "\(deleted.output)")
            let gone = try await entrepot(["image", "pull", "home", "team/app:1", "-o", pulled + "2"], home: home)
            #expect(gone.status == .exited(1), "\(gone.output)")
            #expect(!FileManager.default.fileExists(atPath: pulled + "2"))
        }
    }

    @Test func aFileComesBackByteForByteFromAnyRegistry() async throws {
        try await Stage.with { stage in
            let home = try stage.makeDirectory("home")
            let docker = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            let own = try await EntrepotServer.start(on: stage, repositories: "[repository.\"local\"]\n")
            let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 4) })
            let file = home.appendingPathComponent("manual.pdf")
            try bytes.write(to: file)
            for host in [docker.host, own.host] {
                for options in [
                    [], ["--artifact", "--artifact-type", "application/pdf"], ["--as-file", "--chunk-size", "256KiB"],
                ] {
                    let name = "local/files/manual:v\(options.count)"
                    let pushed = try await entrepot(["image", "push", host, name, file.path] + options, home: home)
                    #expect(pushed.status == .exited(0), "\(pushed.output)")
                    let target = home.appendingPathComponent("back-\(options.count)")
                    let pulled = try await entrepot(
                        ["image", "pull", host, name, "--unpack", "-o", target.path], home: home)
                    #expect(pulled.status == .exited(0), "\(pulled.output)")
                    #expect(try Data(contentsOf: target) == bytes, "\(host) \(options)")
                    try FileManager.default.removeItem(at: target)
                }
                // The same file is the same image.
                let again = try await entrepot(
                    ["image", "push", host, "local/files/manual:again", file.path], home: home)
                #expect(again.output.contains("(1 MiB sent)") || again.output.contains("@sha256:"))
            }
            // Other tools take it for what it is.
            let inspected = try await Command(
                "skopeo", ["inspect", "--tls-verify=false", "docker://\(own.host)/local/files/manual:v0"]
            ).run()
            #expect(inspected.contains("org.opencontainers.image.layer") || inspected.contains("Layers"))
            let layout = try stage.makeDirectory("umoci").path
            try await Command(
                "skopeo",
                [
                    "copy", "-q", "--src-tls-verify=false", "docker://\(own.host)/local/files/manual:v0",
                    "oci:\(layout)/image:v0",
                ]
            ).run()
            try await Command(
                "umoci", ["raw", "unpack", "--rootless", "--image", "\(layout)/image:v0", "\(layout)/out"]
            ).run()
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(layout)/out/manual.pdf")) == bytes)
        }
    }

    @Test func profilesAreKeptPrintedAndForgotten() async throws {
        try await Stage.with { stage in
            let home = try stage.makeDirectory("home")
            let file = try stage.write("secret\n", to: "password")
            for arguments in [
                ["add", "one", "https://one.example/team", "--username", "u", "--password-file", file.path],
                ["add", "two", "two.example:5000"],
            ] {
                #expect(try await entrepot(["registry"] + arguments, home: home).status == .exited(0))
            }
            let listed = try await entrepot(["registry", "list", "--format", "yaml"], home: home).output
            #expect(
                listed == """
                    - name: "one"
                      url: "https://one.example/team"
                      username: "u"
                    - name: "two"
                      url: "two.example:5000"

                    """)
            #expect(try await entrepot(["registry", "list"], home: home).output.hasPrefix("NAME  URL "))
            let described = try await entrepot(["registry", "describe", "one", "--format", "json"], home: home).output
            #expect(described.contains("password_file") && !described.contains("secret"))
            for (key, value) in [("host", "one.example"), ("username", "u"), ("password", "secret")] {
                #expect(try await entrepot(["registry", "info", "one", key], home: home).output == value + "\n")
            }
            #expect(try await entrepot(["registry", "remove", "one"], home: home).status == .exited(0))
            let again = try await entrepot(["registry", "remove", "one"], home: home)
            #expect(again.status == .exited(1) && again.output.contains("no profile 'one'"))
            let pulled = try await entrepot(["image", "list", "one"], home: home)
            #expect(pulled.status == .exited(1) && pulled.output.contains("entrepot registry add one"))
        }
    }

    @Test func passwordsOfDockerAndPodmanAreUsedWithoutBeingToldAgain() async throws {
        try await Stage.with { stage in
            let home = try stage.makeDirectory("home")
            let registry = try await DockerRegistry.start(
                .htpasswd, on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            let file = try stage.write("hello world\n", to: "hello.txt")
            let trust = registry.certificates.map { ["--tls-ca", $0.authority.path] } ?? []
            let push = ["image", "push", registry.url, "files/hello", file.path] + trust
            let refused = try await entrepot(push, home: home)
            #expect(refused.status == .exited(1), "\(refused.output)")
            try await Command(
                "podman",
                [
                    "login", "--tls-verify=false", "--authfile", home.path + "/containers/auth.json", "-u",
                    DockerRegistry.user,
                    "-p", DockerRegistry.password, registry.host,
                ]
            ).run()
            let pushed = try await entrepot(push, home: home)
            #expect(pushed.status == .exited(0), "\(pushed.output)")
            let pulled = try await entrepot(
                ["client", "pull", "-r", registry.url, "files/hello", "--unpack", "-o", "-"] + trust, home: home)
            #expect(pulled.output == "hello world\n", "\(pulled.output)")
            #expect(!pushed.output.contains(DockerRegistry.password))
        }
    }
}

/// What is dropped into a folder.
@Suite struct SpoolTests {
    @Test func filesThatAreDroppedArePushedAndFailuresToldToWhoWaits() async throws {
        try await Stage.with { stage in
            let home = try stage.makeDirectory("home")
            let folder = try stage.makeDirectory("spool").path
            let registry = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            let environment = ["HOME": home.path, "XDG_CONFIG_HOME": home.path]
            let spooler = try stage.start(
                Paths.entrepot.path, ["spool", folder, "-r", registry.host], environment: environment)
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
            for _ in 0..<300 where !FileManager.default.fileExists(atPath: folder + "/.done/files\\hello:1!.json") {
                try await Task.sleep(for: .milliseconds(100))
            }
            let gone = try await Command(Paths.entrepot.path, list, environment: environment).outcome()
            #expect(!gone.output.contains("files/hello:1"), "\(gone.output)")
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
            for _ in 0..<300 where !FileManager.default.fileExists(atPath: folder + "/.done/team\\app:1!.json") {
                try await Task.sleep(for: .milliseconds(100))
            }
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

/// What is done at the other end of a pipe.
@Suite struct SurrogateTests {
    @Test(arguments: ["ssh:elsewhere", "kubectl:space/pod", "podman:one", "docker:one"])
    func aCommandIsCarriedOutElsewhereWithItsFile(route: String) async throws {
        try await Stage.with { stage in
            let bin = try stage.makeDirectory("bin")
            // Carries what it is given, as the real one does, and writes down how it was called.
            let program = String(route.prefix { $0 != ":" })
            let script = "#!/bin/sh\necho \"$0 $*\" >> '\(bin.path)/calls'\nexec '\(Paths.entrepot.path)' surrogate\n"
            let fake = bin.appendingPathComponent(program)
            try Data(script.utf8).write(to: fake)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.path)
            let registry = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            func entrepot(_ arguments: String...) async throws -> (status: TestSupport.ExitStatus, output: String) {
                try await Command(
                    Paths.entrepot.path, arguments + ["--via", route],
                    environment: ["PATH": "\(bin.path):/usr/bin:/bin", "HOME": bin.path]
                ).outcome()
            }
            let bytes = Data((0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 3) })
            let file = bin.appendingPathComponent("some file; $(x).bin")
            try bytes.write(to: file)
            let pushed = try await entrepot("image", "push", registry.host, "files/one:1", file.path)
            #expect(pushed.status == .exited(0) && pushed.output.contains("files/one:1@sha256:"), "\(pushed.output)")
            #expect(try await entrepot("image", "list", registry.host, "--format", "bare").output == "files/one:1\n")
            let back = bin.appendingPathComponent("back").path
            let pulled = try await entrepot("image", "pull", registry.host, "files/one:1", "--unpack", "-o", back)
            #expect(pulled.status == .exited(0), "\(pulled.output)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: back)) == bytes)
            let archive = bin.appendingPathComponent("archive.tar").path
            #expect(
                try await entrepot("image", "pull", registry.host, "files/one:1", "-o", archive).status == .exited(0))
            let again = try await entrepot("image", "push", registry.host, "files/two:1", archive)
            #expect(again.status == .exited(0), "\(again.output)")
            #expect(try await entrepot("image", "delete", registry.host, "files/two:1").status == .exited(0))
            let absent = try await entrepot("image", "pull", registry.host, "files/absent:1", "-o", back + "2")
            #expect(
                absent.status == .exited(1) && !FileManager.default.fileExists(atPath: back + "2"), "\(absent.output)")
            let calls = try String(contentsOf: bin.appendingPathComponent("calls"), encoding: .utf8)
            #expect(calls.contains("entrepot surrogate") && !calls.contains("files/one"), "\(calls)")
        }
    }

    @Test(arguments: [
        #"{"arguments":["server"]}"#,
        #"{"arguments":["image","push","--via","ssh:x","h:1","n","{file}"],"file":"../x"}"#, "", "no JSON",
        #"{"arguments":["image","login"]}"#,
    ])
    func aSurrogateDoesNothingElse(order: String) async throws {
        let outcome = try await Command(
            "sh", ["-c", "printf '%s\\n' \"$1\" | \"$0\" surrogate", Paths.entrepot.path, order]
        ).outcome()
        #expect(outcome.status == .exited(1) && outcome.output.contains("entrepot: "), "\(outcome.output)")
    }
}
