import Foundation
import TestSupport
import Testing

/// Real clients log in, are let in and are turned away.
@Suite struct AccessTests {
    /// Everybody has to log in; only `ops`, which alice is and bob is not, may push.
    private static func members() async throws -> String {
        var text = """
            [repository.local]
            [global.access_policy]
            default_allow = false
            rules = [
              "identity.id != null && request.operation in ['pull', 'list']",
              "'ops' in identity.groups",
            ]

            """
        for (name, groups) in [("alice", "\"ops\""), ("bob", "")] {
            text += """
                [identity.\(name)]
                username = "\(name)"
                password = "\(try await hash(name, "\(name)-secret"))"
                groups = [\(groups)]

                """
        }
        return text
    }

    private static func hash(_ name: String, _ password: String) async throws -> String {
        let line = try await Command("htpasswd", ["-nbBC", "5", name, password]).run()
        return line.split(separator: ":").last?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }

    private static let layout = Paths.cache.appendingPathComponent("images").path

    @Test func skopeoLogsInAndPushes() async throws {
        _ = try await Images.ready
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(on: stage, repositories: try await Self.members())
            let authentication = try stage.makeDirectory("auth").appendingPathComponent("auth.json").path
            func skopeo(_ arguments: String...) async throws -> Bool {
                let command = Command("skopeo", arguments, environment: ["REGISTRY_AUTH_FILE": authentication])
                return try await command.outcome().status == .success
            }
            func login(_ name: String, _ password: String) async throws -> Bool {
                try await skopeo("login", "--tls-verify=false", "-u", name, "-p", password, entrepot.host)
            }
            func push(_ tag: String) async throws -> Bool {
                try await skopeo(
                    "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci:\(Self.layout):multi",
                    "docker://\(entrepot.host)/local/app:\(tag)")
            }
            func inspect(_ tag: String) async throws -> Bool {
                try await skopeo(
                    "inspect", "--raw", "--tls-verify=false", "docker://\(entrepot.host)/local/app:\(tag)")
            }
            #expect(try await !push("v1"))
            #expect(try await !login("alice", "bob-secret"))
            #expect(try await !login("mallory", "alice-secret"))
            #expect(try await login("alice", "alice-secret"))
            #expect(try await push("v1"))
            #expect(try await login("bob", "bob-secret"))
            #expect(try await inspect("v1"))
            #expect(try await !push("v2"))
            #expect(try await skopeo("logout", entrepot.host))
            #expect(try await !inspect("v1"))
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.podman))) func podmanLogsInAndPushes() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: try await Self.members())
            let client = try Podman(stage: stage)
            let source = PullRequest(host: origin.host, tag: "amd64")
            _ = try await client.pull(source)
            let target = "\(entrepot.host)/local/app:v1"
            let authentication = try stage.makeDirectory("auth").appendingPathComponent("auth.json").path
            func podman(_ arguments: String...) async throws -> Bool {
                try await Command(
                    "podman", client.store + arguments, environment: ["REGISTRY_AUTH_FILE": authentication]
                ).outcome().status == .success
            }
            func login(_ name: String, _ password: String) async throws -> Bool {
                try await podman("login", "--tls-verify=false", "-u", name, "-p", password, entrepot.host)
            }
            #expect(try await !podman("push", "--tls-verify=false", source.prefixed, target))
            #expect(try await !login("alice", "wrong"))
            #expect(try await login("alice", "alice-secret"))
            #expect(try await podman("push", "--tls-verify=false", source.prefixed, target))
            #expect(try await login("bob", "bob-secret"))
            #expect(try await podman("pull", "--tls-verify=false", target))
            #expect(try await !podman("push", "--tls-verify=false", target, "\(entrepot.host)/local/app:v2"))
            #expect(try await podman("logout", entrepot.host))
            #expect(try await !podman("pull", "--tls-verify=false", target))
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.docker))) func dockerLogsInAndPushes() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: try await Self.members())
            let client = try await DockerDaemon(stage: stage, mirror: origin.url)
            let source = PullRequest(host: origin.host, tag: "amd64")
            _ = try await client.pull(source)
            let target = "\(entrepot.host)/local/app:v1"
            try await client.docker("tag", "\(source.name):\(source.tag)", target)
            func login(_ name: String, _ password: String) async throws {
                try await client.docker("login", "-u", name, "-p", password, entrepot.host)
            }
            await #expect(throws: (any Error).self) { try await client.docker("push", "--quiet", target) }
            await #expect(throws: (any Error).self) { try await login("alice", "wrong") }
            try await login("alice", "alice-secret")
            try await client.docker("push", "--quiet", target)
            try await login("bob", "bob-secret")
            try await client.remove(target)
            try await client.docker("pull", "--quiet", target)
            await #expect(throws: (any Error).self) { try await client.docker("push", "--quiet", target) }
            try await client.docker("logout", entrepot.host)
            try await client.remove(target)
            await #expect(throws: (any Error).self) { try await client.docker("pull", "--quiet", target) }
        }
    }

    /// What an identity alone brings about: everybody pulls, and who logs in pushes.
    private static func onlyAlice() async throws -> String {
        """
        [repository.local]
        [identity.alice]
        username = "alice"
        password = "\(try await hash("alice", "alice-secret"))"

        """
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.docker))) func dockerPushesWhereEverybodyPulls() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: try await Self.onlyAlice())
            let client = try await DockerDaemon(stage: stage, mirror: origin.url)
            let source = PullRequest(host: origin.host, tag: "amd64")
            _ = try await client.pull(source)
            let target = "\(entrepot.host)/local/app:v1"
            try await client.docker("tag", "\(source.name):\(source.tag)", target)
            await #expect(throws: (any Error).self) { try await client.docker("push", "--quiet", target) }
            try await client.docker("login", "-u", "alice", "-p", "alice-secret", entrepot.host)
            try await client.docker("push", "--quiet", target)
            try await client.docker("logout", entrepot.host)
            try await client.remove(target)
            try await client.docker("pull", "--quiet", target)
        }
    }

    @Test func skopeoPushesWhereEverybodyPulls() async throws {
        _ = try await Images.ready
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(on: stage, repositories: try await Self.onlyAlice())
            let target = "docker://\(entrepot.host)/local/app:v1"
            func push(_ options: String...) async throws -> Bool {
                let arguments = ["copy", "--all", "--dest-tls-verify=false"] + options
                return try await Command("skopeo", arguments + ["oci:\(Self.layout):multi", target])
                    .outcome().status == .success
            }
            #expect(try await !push())
            #expect(try await !push("--dest-creds", "alice:wrong"))
            #expect(try await push("--dest-creds", "alice:alice-secret"))
            _ = try await Command("skopeo", ["inspect", "--raw", "--tls-verify=false", target]).run()
            let key = entrepot.root.appendingPathComponent(".entrepot/token-key.pem").path
            let attributes = try FileManager.default.attributesOfItem(atPath: key)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.ctr))) func containerdIsKnownByItsCertificate() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let policy = """
                [global.access_policy]
                rules = ["identity.certificate.common_names.contains('client') && request.operation == 'pull'"]

                """
            let entrepot = try await EntrepotServer.start(
                on: stage,
                repositories: policy + "[repository.\"up.test\"]\n" + upstream.configuration(namespace: "up.test"),
                settings: .init(certificates: try await Certificates.make(on: stage), clientAuthentication: "optional"))
            var request = PullRequest(host: entrepot.host, namespace: "up.test", certificates: entrepot.certificates)
            let client = try await Containerd(stage: stage)
            await #expect(throws: (any Error).self) { try await client.pull(request) }
            #expect(try await entrepot.get("/v2/up.test/test/app/manifests/multi").status == 403)
            request.presentsCertificate = true
            #expect(try await client.pull(request).contains(images.facts.index))
        }
    }

    @Test func aChangedPasswordFileChangesThePassword() async throws {
        try await Stage.with { stage in
            let file = try stage.write(try await Self.hash("alice", "old"), to: "alice")
            let text = """
                [repository.local]
                [identity.alice]
                username = "alice"
                password_file = "\(file.path)"

                """
            let admin = try EntrepotServer.adminTable(on: stage)
            let entrepot = try await EntrepotServer.start(on: stage, repositories: text + admin)
            func status(_ password: String) async throws -> Int {
                try await entrepot.get("/v2/", options: ["-u", "alice:\(password)"]).status
            }
            #expect(try await status("old") == 200)
            #expect(try await status("new") == 401)
            try stage.write(try await Self.hash("alice", "new"), to: "alice")
            try await entrepot.reloaded { $0.outcome == "applied" }
            #expect(try await status("old") == 401)
            #expect(try await status("new") == 200)
        }
    }

    @Test func theCommandsSayWhatWouldBe() async throws {
        try await Stage.with { stage in
            let file = try stage.write(try await Self.members(), to: "entrepot.toml").path
            func explain(_ arguments: String...) async throws -> (status: TestSupport.ExitStatus, output: String) {
                try await Command(Paths.entrepot.path, ["-c", file, "policy", "explain"] + arguments).outcome()
            }
            let push = try await explain("--as", "alice", "--action", "put-manifest", "local/app:1.0")
            #expect(push.status == .success)
            #expect(push.output.contains("allowed by global.access_policy.rules[1]: 'ops' in identity.groups"))
            let other = try await explain("--as", "bob", "--action", "put-manifest", "local/app:1.0")
            #expect(other.status == .exited(3))
            #expect(other.output.contains("denied by global.access_policy.default_allow"))
            #expect(try await explain("--as", "carol", "--action", "list-catalog").status == .exited(1))

            let hash = try await Command(
                "/bin/sh",
                ["-c", "printf 'open sesame\\n' | '\(Paths.entrepot.path)' hash-password --algorithm bcrypt"]
            ).run().trimmingCharacters(in: .whitespacesAndNewlines)
            let line = try stage.write("alice:\(hash)\n", to: "htpasswd").path
            #expect(try await Command("htpasswd", ["-vb", line, "alice", "open sesame"]).outcome().status == .success)
            #expect(try await Command("htpasswd", ["-vb", line, "alice", "open"]).outcome().status != .success)
        }
    }

    @Test func theEmbeddedDefaultsAreNotOpenedToOthers() async throws {
        try await Stage.with { stage in
            let file = try stage.write("[server]\nbind_address = \"0.0.0.0\"\nport = 0\n", to: "entrepot.toml").path
            let outcome = try await Command(Paths.entrepot.path, ["-c", file, "server"]).outcome()
            #expect(outcome.status == .exited(1))
            #expect(outcome.output.contains("entrepot.toml:2: server.bind_address: opens the embedded defaults"))
        }
    }
}
