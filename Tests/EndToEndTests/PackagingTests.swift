import Foundation
import TestSupport
import Testing

/// What `make install` and `make deb` make of the program.
@Suite struct PackagingTests {
    private static func install(_ variables: String...) async throws {
        try await Command(
            "make", ["-s", "-C", Paths.tree.path, "install", "BINARY=\(Paths.entrepot.path)"] + variables
        ).run()
    }

    @Test func whatIsInstalledWorksAndIsTheCommandsOwn() async throws {
        try await Stage.with { stage in
            let prefix = try stage.makeDirectory("prefix")
            try await Self.install("PREFIX=\(prefix.path)", "SYSCONFDIR=\(prefix.path)/etc")
            func path(_ name: String) -> String { prefix.appendingPathComponent(name).path }

            let manual = path("share/man/man1/entrepot.1.gz")
            let warnings = try await Command("sh", ["-c", "man --warnings=w -E UTF-8 -l \(manual) 2>&1 >/dev/null"])
                .run()
            #expect(warnings == "")
            let text = try await Command("sh", ["-c", "man -E ascii -P cat -l \(manual) | col -b"]).run()
            for word in [
                "entrepot -- A streaming", "upstream probe", "--dry-run", "storage copy", "doctor", "EXIT STATUS",
                "hash-password", "--token-file",
            ] {
                #expect(text.contains(word), "\(word)")
            }

            let bash = path("share/bash-completion/completions/entrepot")
            try await Command("bash", ["-n", bash]).run()
            try await Command("zsh", ["-n", path("share/zsh/vendor-completions/_entrepot")]).run()
            try await Command("fish", ["-n", path("share/fish/vendor_completions.d/entrepot.fish")]).run()
            // After an option that wants a file.
            #expect(try String(contentsOfFile: bash, encoding: .utf8).contains("__entrepot_add_completions -f"))
            let completed = try await Command(
                "bash",
                [
                    "-c",
                    """
                    shopt -s extglob; source \(bash)
                    COMP_WORDS=(entrepot stor) COMP_CWORD=1 COMP_LINE='entrepot stor' COMP_POINT=13
                    _entrepot entrepot stor entrepot 2>/dev/null; echo "${COMPREPLY[@]}"
                    """,
                ]
            ).run()
            #expect(completed == "storage\n")

            let check = try await Command(
                path("bin/entrepot"), ["-c", path("etc/entrepot/entrepot.toml"), "config", "show"]
            )
            .run()
            #expect(check.contains("root_dir = \"/var/lib/entrepot\"") && check.contains("docker.io"))
            // Found by kubectl as a plugin of that name.
            let plugin = try await Command(path("bin/kubectl-entrepot"), ["image", "pull", "--help"]).run()
            #expect(plugin.contains("Pull images of a registry into a tar file."))
            // What the operator wrote is his.
            try Data("# mine\n".utf8).write(to: URL(fileURLWithPath: path("etc/entrepot/entrepot.toml")))
            try await Self.install("PREFIX=\(prefix.path)", "SYSCONFDIR=\(prefix.path)/etc")
            #expect(try String(contentsOfFile: path("etc/entrepot/entrepot.toml"), encoding: .utf8) == "# mine\n")
        }
    }

    @Test func theUnitIsValidAndLeavesTheServiceLittle() async throws {
        try await Stage.with { stage in
            let prefix = try stage.makeDirectory("prefix")
            try await Self.install("PREFIX=\(prefix.path)", "SYSCONFDIR=\(prefix.path)/etc")
            let unit = prefix.appendingPathComponent("lib/systemd/system/entrepot.service").path
            let verified = try await Command("systemd-analyze", ["verify", "--man=no", unit]).outcome()
            // It may know nothing of other units of this machine, but of this one.
            let said = verified.output.split(separator: "\n").filter { $0.contains("entrepot.service") }
            #expect(said == [], "\(verified.output)")
            // 100 is a service that may do everything.
            let exposure = try await Command(
                "systemd-analyze", ["security", "--offline=true", "--no-pager", "--threshold=20", unit]
            ).outcome()
            #expect(exposure.status == .success, "\(exposure.output.suffix(400))")
        }
    }

    @Test func theServiceManagerIsToldOfStartLifeAndEnd() async throws {
        try await Stage.with { stage in
            let socket = stage.directory.appendingPathComponent("notify").path
            let manager = try stage.start("/usr/bin/python3", [Paths.script("notify-socket.py"), socket])
            try await manager.waitUntilReady { manager.output.contains("listening") }
            let port = FreePorts.next()
            let file = try stage.write(
                "[server]\nport = \(port)\n[storage.fs]\nroot_dir = \"\(stage.directory.path)/data\"\n[repository.local]\n",
                to: "notify.toml")
            let server = try stage.start(
                Paths.entrepot.path, ["-c", file.path, "server"],
                environment: ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "200000"], name: "entrepot")
            try await server.waitUntilReady {
                manager.output.contains("READY=1")
                    && manager.output.components(separatedBy: "WATCHDOG=1").count > 3
            }
            #expect(FreePorts.isListening(port))
            #expect(await server.stop() == .success)
            try await manager.waitUntilReady { manager.output.contains("STOPPING=1") }
        }
    }

    @Test func aPackageIsInstalledUpgradedRemovedAndPurgedCleanly() async throws {
        try ClientKind.requireRoot()
        try await Stage.with { stage in
            let made = try await Command(Paths.script("debian-base.sh"), [Paths.cache.path]).run(within: .seconds(600))
            let base = try #require(made.split(separator: "\n").last.map(String.init))
            let builder = Paths.tree.appendingPathComponent("config/packaging/build-deb").path
            var packages: [String] = []
            for version in ["0.1.0", "0.1.1"] {
                let output = try await Command(
                    builder, [Paths.entrepot.path, stage.directory.path, version], environment: ["COMPRESSION": "none"]
                ).run(within: .seconds(300))
                packages.append(try #require(output.split(separator: "\n").last.map(String.init)))
            }
            let output = try await Command(
                Paths.script("deb-in-debian.sh"),
                [base, stage.directory.path] + packages + ["\(FreePorts.next())"]
            ).run(within: .seconds(900))
            let facts = Dictionary(
                output.split(separator: "\n").map { line in
                    let parts = line.split(separator: " ", maxSplits: 1)
                    return (String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
                }, uniquingKeysWith: { $1 })
            #expect(facts["installed"] == "0.1.0 ii", "\(output)")
            #expect(facts["store"] == "entrepot entrepot 750")
            #expect(facts["enabled"] == "yes")
            #expect(facts["check"]?.hasPrefix("ok: http://127.0.0.1:5000, data in /var/lib/entrepot") == true)
            #expect(facts["healthy"] == "yes" && facts["runs-as"] == "entrepot", "\(output)")
            #expect(facts["doctor"] == "0" && facts["stopped"] == "0", "\(output)")
            #expect(facts["upgraded"] == "0.1.1 ii" && facts["kept"] == "1", "\(output)")
            #expect(facts["removed"] == "yes" && facts["configuration"] == "there")
            #expect(facts["purged"] == "yes" && facts["content"] == "there")
            #expect(facts["user"] == "gone" && facts["left"] == "", "\(output)")
        }
    }
}
