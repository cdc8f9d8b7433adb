import Foundation
import TestSupport
import Testing

/// The program as people and scripts run it.
@Suite struct CommandLineTests {
    private static let commands = [
        "", "client", "client list", "client pull", "config", "config check", "config show", "doctor", "export",
        "fills", "hash-password", "healthcheck",
        "image", "image delete", "image list", "image pull", "image push", "import",
        "janitor",
        "janitor pause", "janitor resume", "janitor run", "janitor status", "misses", "policy", "policy explain",
        "prune",
        "purge", "refresh", "registry", "registry add", "registry describe", "registry info", "registry list",
        "registry remove", "reload", "retention", "scrub", "seed", "server", "spool", "status", "storage",
        "storage copy",
        "storage test", "surrogate", "token",
        "token keygen", "token revoke", "top",
        "upstream", "upstream probe", "upstream status", "verify", "version",
    ]

    private func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (status: TestSupport.ExitStatus, output: String) {
        try await Command(Paths.entrepot.path, arguments, environment: environment).outcome()
    }

    /// Through a shell, which finds the program as `$0`.
    private func shell(
        _ script: String, environment: [String: String] = [:]
    ) async throws -> (status: TestSupport.ExitStatus, output: String) {
        try await Command("sh", ["-c", script, Paths.entrepot.path], environment: environment).outcome()
    }

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    @Test func everyCommandHasHelp() async throws {
        var found: [String] = []
        var left = [""]
        while let command = left.popLast() {
            found.append(command)
            let help = try await run(Self.words(command) + ["--help"])
            #expect(help.status == .success, "\(command)")
            #expect(help.output.hasPrefix("OVERVIEW: ") && help.output.contains("USAGE: entrepot"), "\(command)")
            let lines = help.output.components(separatedBy: "\n").drop { $0 != "SUBCOMMANDS:" }.dropFirst()
            for line in lines.prefix(while: { !$0.isEmpty }) where !line.hasPrefix("   ") {
                let name = try #require(line.split(whereSeparator: { " ,".contains($0) }).first)
                left.append(command.isEmpty ? String(name) : "\(command) \(name)")
            }
        }
        #expect(found.sorted() == Self.commands)
    }

    @Test(arguments: [
        "--nope", "nope", "config nope", "server --port 1", "config show --default -c x", "token keygen",
        "token keygen --key x --days 0", "token keygen --key x --alg none", "hash-password --algorithm md5",
        "policy explain", "purge", "refresh", "upstream probe", "token revoke", "config check -c",
    ])
    func wrongUsageEndsWith2(arguments: String) async throws {
        let result = try await run(Self.words(arguments))
        #expect(result.status == .exited(2))
        #expect(result.output.contains("Error: ") && result.output.contains("Usage: entrepot"), "\(result.output)")
        #expect(try await shell("\"$0\" \(arguments) 2>/dev/null").output.isEmpty)
    }

    @Test func aGoodConfigurationIsSummarized() async throws {
        try await Stage.with { stage in
            let file = try stage.write("[server]\nport = 5001\n[repository.local]\n", to: "good.toml")
            let checked = try await run(["-c", file.path, "config", "check"])
            #expect(checked.status == .success)
            #expect(checked.output.hasPrefix("ok: http://127.0.0.1:5001, "))
            #expect(checked.output.hasSuffix("0 mirrored and 1 local namespaces\n"))
        }
    }

    @Test func everyProblemOfABadConfigurationIsNamed() async throws {
        try await Stage.with { stage in
            let file = try stage.write(
                "[server]\nport = 70000\nprot = 5000\n[repository.\"docker.io\"]\ntag_tll = \"1m\"\n", to: "bad.toml")
            let broken = try stage.write("[server\n", to: "broken.toml")
            for command in [["config", "check"], ["config", "show"], ["server"], ["healthcheck"]] {
                let checked = try await run(["-c", file.path] + command)
                #expect(checked.status == .exited(1), "\(command)")
                for problem in [
                    "\(file.path):2: server.port: ", "\(file.path):3: server.prot: unknown key; did you mean 'port'?",
                    "\(file.path):5: repository.\"docker.io\".tag_tll: unknown key; did you mean 'tag_ttl'?",
                ] {
                    #expect(checked.output.contains(problem), "\(command)")
                }
                for path in [broken.path, "/nonexistent.toml"] {
                    let unreadable = try await run(["-c", path] + command)
                    #expect(unreadable.status == .exited(1))
                    #expect(unreadable.output.hasPrefix("\(path):"))
                }
            }
            // What programs read is not mixed with what people are told.
            #expect(try await shell("\"$0\" -c \(file.path) config show 2>/dev/null").output.isEmpty)
        }
    }

    /// Both have port 5000 of a network of their own, so that nothing but the data's place is said.
    @Test func whatIsShownAsTheDefaultIsWhatRunsWithoutAFile() async throws {
        try await Stage.with { stage in
            let data = try stage.makeDirectory("data")
            let environment = ["XDG_DATA_HOME": data.path]
            let shown = try await run(["config", "show", "--default"], environment: environment)
            #expect(shown.status == .success)
            #expect(shown.output.contains("root_dir = \"\(data.path)/entrepot\""))
            let file = try stage.write(shown.output, to: "shown.toml")
            #expect(try await run(["config", "show"], environment: environment).output == shown.output)
            #expect(try await run(["-c", file.path, "config", "show"]).output == shown.output)
            #expect(try await run(["-c", file.path, "config", "check"]).status == .success)

            let names = shown.output.matches(of: /(?m)^\[\[?repository\."?([^"\]]+?)"?(\.upstream)?\]/)
                .map { String($0.output.1) }
            let unique = Set(names).sorted()
            #expect(unique.count == 8 && unique.contains("local") && unique.contains("docker.io"), "\(unique)")
            let alone = try await statuses([], of: unique, environment, on: stage)
            #expect(alone == unique.map { $0 == "local" ? "404" : "502" } + ["404", "200"])
            #expect(try await statuses(["-c", file.path], of: unique, [:], on: stage) == alone)
            #expect(FileManager.default.fileExists(atPath: data.appendingPathComponent("entrepot").path))
        }
    }

    /// What a server with these arguments answers about a manifest of each namespace, of none, and to `/v2/`.
    private func statuses(
        _ arguments: [String], of namespaces: [String], _ environment: [String: String], on stage: Stage
    ) async throws -> [String] {
        let server = try stage.start(
            "unshare",
            ["-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\" server", Paths.entrepot.path] + arguments,
            environment: environment, name: "entrepot")
        func inside(_ command: [String]) async throws -> (status: TestSupport.ExitStatus, output: String) {
            try await Command("nsenter", ["-t", "\(server.pid)", "-n"] + command).outcome()
        }
        try await server.waitUntilReady {
            (try? await inside([Paths.entrepot.path, "healthcheck"]).status) == .success
        }
        let urls = namespaces.map { "?ns=\($0)" } + ["?ns=nobody.example"]
        let answer = try await inside(
            ["curl", "-sS", "--noproxy", "*", "-w", "%{http_code} "]
                + urls.flatMap { ["-o", "/dev/null", "http://127.0.0.1:5000/v2/a/b/manifests/v1\($0)"] }
                + ["-o", "/dev/null", "http://127.0.0.1:5000/v2/"])
        #expect(await server.stop() == .success)
        return Self.words(answer.output)
    }

    @Test func theVersionIsTheSameEverywhere() async throws {
        let version = try await run(["version"])
        #expect(version.status == .success)
        #expect(version.output.wholeMatch(of: /entrepot \d+\.\d+\.\d+\S*\n/) != nil, "\(version.output)")
        #expect(try await "entrepot " + run(["--version"]).output == version.output)
    }

    @Test(arguments: [
        "version", "--help", "config show --default", "config check", "policy explain --action get-blob a/b",
        "hash-password",
    ])
    func whatCannotBeWrittenIsAFailure(command: String) async throws {
        try await Stage.with { stage in
            let told = try await shell(
                "cd \(stage.directory.path) && printf 'pass word\\n' | \"$0\" \(command) > /dev/full")
            #expect(told.status == .exited(1))
            #expect(told.output.hasPrefix("entrepot: the output could not be written"), "\(told.output)")
        }
    }

    @Test func healthIsWhetherTheServerAnswers() async throws {
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(on: stage, repositories: "[repository.local]\n")
            #expect(try await entrepot.command("healthcheck").status == .success)
            #expect(try await run(["healthcheck", "--url", "\(entrepot.url)/healthz"]).status == .success)
            #expect(try await run(["healthcheck", "--url", "\(entrepot.url)/nothing"]).status == .exited(1))
            await entrepot.process.stop()
            let gone = try await entrepot.command("healthcheck")
            #expect(gone.status == .exited(1))
            #expect(gone.output.contains("is not healthy"))
        }
    }

    @Test(arguments: [("argon2id", "$argon2id$"), ("bcrypt", "$2")])
    func aHashedPasswordOpensTheServer(algorithm: String, prefix: String) async throws {
        let hashed = try await shell("printf 'pass word\\n' | \"$0\" hash-password --algorithm \(algorithm)")
        #expect(hashed.status == .success)
        #expect(hashed.output.hasPrefix(prefix) && hashed.output.count { $0 == "\n" } == 1)
        let empty = try await run(["hash-password", "--algorithm", algorithm])
        #expect(empty.status == .exited(1) && empty.output.contains("empty"))
        let hash = hashed.output.trimmingCharacters(in: .newlines)
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: """
                    [repository.local]
                    [global.access_policy]
                    default_allow = false
                    rules = ["identity.id != null"]
                    [identity.alice]
                    username = "alice"
                    password = "\(hash)"
                    """)
            #expect(try await entrepot.get("/v2/", options: ["-u", "alice:pass word"]).status == 200)
            #expect(try await entrepot.get("/v2/", options: ["-u", "alice:password"]).status == 401)
        }
    }

    @Test(arguments: ["RS256", "ES256", "EdDSA"]) func keysAreMadeOnceAndKeptFromOthers(algorithm: String) async throws
    {
        try await Stage.with { stage in
            let key = stage.directory.appendingPathComponent("key.pem")
            let certificate = stage.directory.appendingPathComponent("cert.pem")
            let arguments = ["token", "keygen", "--alg", algorithm, "--key", key.path, "--cert", certificate.path]
            let made = try await run(arguments)
            #expect(made.status == .success)
            #expect(made.output.hasPrefix("alg       \(algorithm)\n"))
            #expect(try await Command("stat", ["-c", "%a", key.path]).run() == "600\n")
            let own = try await Command("openssl", ["pkey", "-in", key.path, "-pubout"]).run()
            #expect(try await Command("openssl", ["x509", "-in", certificate.path, "-noout", "-pubkey"]).run() == own)
            let bytes = try Data(contentsOf: key)
            #expect(try await run(arguments).status == .exited(1))
            #expect(try Data(contentsOf: key) == bytes)
        }
    }

    @Test(arguments: [
        ("127.0.0.1", "another process has the port"), ("192.0.2.1", "no interface of this machine has the address"),
        ("no-such-host.invalid", "the name has no address here"),
    ])
    func anAddressThatCannotBeHadIsNamedWithAReason(address: String, reason: String) async throws {
        try await Stage.with { stage in
            let taken = try await EntrepotServer.start(on: stage, repositories: "[repository.a]\n")
            let file = try stage.write(
                """
                [server]
                bind_address = "\(address)"
                port = \(taken.port)
                [storage.fs]
                root_dir = "\(taken.root.path)"
                [repository.a]
                """, to: "second.toml")
            let second = try await Command(Paths.entrepot.path, ["-c", file.path, "server"]).outcome()
            #expect(second.status == .exited(1))
            #expect(second.output.contains("cannot listen on \(address):\(taken.port): \(reason)"), "\(second.output)")
            #expect(!second.output.contains("bind(descriptor"))
        }
    }
}
