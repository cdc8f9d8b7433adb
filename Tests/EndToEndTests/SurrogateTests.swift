import Foundation
import TestSupport
import Testing

/// What is done at the other end of a pipe.
@Suite struct SurrogateTests {
    @Test(arguments: ["ssh:elsewhere", "kubectl:space/pod", "podman:one", "docker:one"])
    func aCommandIsCarriedOutElsewhereWithItsFile(route: String) async throws {
        try await Stage.with { stage in
            let bin = try stage.makeDirectory("bin")
            // Carries what it is given, as the real one does, and writes down how it was called.
            let program = String(route.prefix { $0 != ":" })
            try self.program(
                program, in: bin,
                "echo \"$0 $*\" >> '\(bin.path)/calls'; exec '\(Paths.entrepot.path)' surrogate")
            let registry = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            try await carry(by: route, bin, registry)
            let calls = try String(contentsOf: bin.appendingPathComponent("calls"), encoding: .utf8)
            #expect(calls.contains("entrepot surrogate") && !calls.contains("files/one"), "\(calls)")
        }
    }

    /// Everything that can be done elsewhere, with the programs of `bin` before the machine's.
    private func carry(by route: String, _ bin: URL, _ registry: DockerRegistry) async throws {
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
    }

    /// A real server, of this machine.
    @Test func sshCarriesACommandToItsServer() async throws {
        try ClientKind.requireRoot()
        try await Stage.with { stage in
            let bin = try stage.makeDirectory("bin")
            let port = FreePorts.next()
            for key in ["host", "client"] {
                try await Command("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(bin.path)/\(key)"]).run()
            }
            let hostKey = try String(contentsOfFile: bin.path + "/host.pub", encoding: .utf8)
            try Data("[127.0.0.1]:\(port) \(hostKey)".utf8).write(to: bin.appendingPathComponent("known"))
            // Where the server keeps who is not let in yet.
            try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
            let settings = try stage.write(
                """
                Port \(port)
                ListenAddress 127.0.0.1
                HostKey \(bin.path)/host
                AuthorizedKeysFile \(bin.path)/client.pub
                StrictModes no
                UsePAM no
                PidFile none
                PasswordAuthentication no
                SetEnv PATH=\(Paths.entrepot.deletingLastPathComponent().path):/usr/bin:/bin

                """, to: "sshd_config")
            let client = try stage.write(
                """
                Host elsewhere
                  HostName 127.0.0.1
                  Port \(port)
                  User root
                  IdentityFile \(bin.path)/client
                  IdentitiesOnly yes
                  UserKnownHostsFile \(bin.path)/known
                  StrictHostKeyChecking yes

                """, to: "ssh_config")
            try program("ssh", in: bin, "exec /usr/bin/ssh -F '\(client.path)' \"$@\"")
            let server = try stage.start("/usr/sbin/sshd", ["-D", "-e", "-f", settings.path], name: "sshd")
            try await server.waitUntilReady { FreePorts.isListening(port) }
            let registry = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            try await carry(by: "ssh:elsewhere", bin, registry)
            let refused = try await Command(
                Paths.entrepot.path, ["image", "list", registry.host, "--via", "ssh:nowhere.invalid"],
                environment: ["PATH": "\(bin.path):/usr/bin:/bin", "HOME": bin.path]
            ).outcome()
            #expect(refused.status == .exited(255), "\(refused.output)")
        }
    }

    /// A real container, of this machine's programs.
    @Test func podmanCarriesACommandIntoItsContainer() async throws {
        try ClientKind.requireRoot()
        try await Stage.with { stage in
            let bin = try stage.makeDirectory("bin")
            let root = try stage.makeDirectory("root")
            for name in ["proc", "sys", "dev", "tmp", "run", "opt", "usr", "etc"] {
                try FileManager.default.createDirectory(
                    at: root.appendingPathComponent(name), withIntermediateDirectories: true)
            }
            for name in ["bin", "lib", "lib64", "sbin"] {
                try FileManager.default.createSymbolicLink(
                    atPath: root.appendingPathComponent(name).path, withDestinationPath: "usr/\(name)")
            }
            // Where the machine has the older kind of control groups, crun has no way.
            let podman = try Podman(stage: stage).store + ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]
            let options = podman.joined(separator: "' '")
            try program("podman", in: bin, "exec /usr/bin/podman '\(options)' \"$@\"")
            var mounts = ["/usr:/usr:ro", "/etc:/etc:ro"]
            // The program, and what it is linked with.
            let folders = try await Command(
                "sh",
                [
                    "-c", "ldd \"$0\" | sed -nE 's|.* => (/[^ ]*)/[^/]* .*|\\1|p' | sort -u", Paths.entrepot.path,
                ]
            ).run().split(separator: "\n").map(String.init)
            let own = Paths.entrepot.deletingLastPathComponent().path
            for folder in [own] + folders where !folder.hasPrefix("/usr/") && !folder.hasPrefix("/lib") {
                mounts.append("\(folder):\(folder):ro")
            }
            try await Command(
                "podman",
                podman + [
                    "run", "--detach", "--name", "one", "--network", "host", "--ulimit", "nofile=1024:1024", "--ulimit",
                    "nproc=1024:1024", "--env", "PATH=\(own):/usr/bin:/bin",
                ] + mounts.flatMap { ["-v", $0] } + ["--rootfs", root.path, "sleep", "600"]
            ).run()
            let registry = try await DockerRegistry.start(
                on: stage, store: try stage.makeDirectory("store"), isWritable: true)
            func end() async { _ = try? await Command("podman", podman + ["rm", "-f", "-t", "0", "one"]).run() }
            do {
                try await carry(by: "podman:one", bin, registry)
            } catch {
                await end()
                throw error
            }
            await end()
        }
    }

    private func program(_ name: String, in folder: URL, _ line: String) throws {
        let file = folder.appendingPathComponent(name)
        try Data("#!/bin/sh\n\(line)\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
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
