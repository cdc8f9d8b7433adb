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
            #expect(again.status == .exited(0) && again.output.contains("(0 B sent)"), "\(again.output)")
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
                #expect(again.output.contains("(0 B sent)"), "\(again.output)")
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

    @Test func aFileThatNamesItselfTakesNobodysPlace() async throws {
        try await Stage.with { stage in
            let home = try stage.makeDirectory("home")
            let work = try stage.makeDirectory("work")
            let server = try await EntrepotServer.start(on: stage, repositories: "[repository.\"local\"]\n")
            for name in ["manual.pdf", ".profile"] {
                let file = home.appendingPathComponent(name)
                try Data("from the registry".utf8).write(to: file)
                let tag = name == ".profile" ? "hidden" : "plain"
                let pushed = try await entrepot(
                    ["image", "push", server.host, "local/files:\(tag)", file.path, "--artifact"], home: home)
                #expect(pushed.status == .exited(0), "\(pushed.output)")
            }
            func pull(_ tag: String) async throws -> (status: TestSupport.ExitStatus, output: String) {
                try await Command(
                    "/usr/bin/env",
                    [
                        "-C", work.path, Paths.entrepot.path, "image", "pull", server.host, "local/files:\(tag)",
                        "--unpack",
                    ], environment: ["HOME": home.path]
                ).outcome()
            }
            func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: work.path) }
            let hidden = try await pull("hidden")
            #expect(hidden.status == .exited(1) && hidden.output.contains("is hidden"), "\(hidden.output)")
            #expect(try files() == [])
            #expect(try await pull("plain").status == .exited(0))
            let manual = work.appendingPathComponent("manual.pdf")
            #expect(try String(contentsOf: manual, encoding: .utf8) == "from the registry")
            try Data("mine".utf8).write(to: manual)
            let again = try await pull("plain")
            #expect(again.status == .exited(1) && again.output.contains("--output"), "\(again.output)")
            #expect(try String(contentsOf: manual, encoding: .utf8) == "mine")
            #expect(try files() == ["manual.pdf"])
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
