import Foundation
import TestSupport
import Testing

/// Real clients log in, and push and pull by the tokens that Entrepot gives: at Entrepot itself and at Debian's
/// docker-registry, which trusts it.
@Suite struct TokenTests {
    private enum Place: String, CaseIterable, CustomTestStringConvertible {
        case entrepot, dockerRegistry
        var testDescription: String { rawValue }
    }

    private static func host(
        _ place: Place, _ household: TokenHousehold, on stage: Stage
    ) async throws -> String {
        let entrepot = try await household.server(token: "kid_format = \"libtrust\"")
        guard place == .dockerRegistry else { return entrepot.host }
        return try await TrustingRegistry.start(on: stage, issuer: entrepot, certificate: household.certificate).host
    }

    @Test(arguments: Place.allCases, ["RS256", "ES256"])
    private func skopeoLogsInPushesAndPulls(place: Place, algorithm: String) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let household = try await TokenHousehold.make(on: stage, algorithm: algorithm)
            let host = try await Self.host(place, household, on: stage)
            let layout = "oci:\(Paths.cache.appendingPathComponent("images").path):multi"
            func skopeo(_ arguments: [String], as user: String) -> Command {
                Command("skopeo", arguments + ["--authfile", "\(stage.directory.path)/auth-\(user).json"])
            }
            func login(_ user: String, _ password: String) async throws -> TestSupport.ExitStatus {
                try await skopeo(["login", "--tls-verify=false", "-u", user, "-p", password, host], as: user)
                    .outcome().status
            }
            #expect(try await login("alice", "wrong") != .success)
            #expect(try await login("nobody", TokenHousehold.password) != .success)
            for user in ["alice", "bob"] { #expect(try await login(user, TokenHousehold.password) == .success) }

            let target = "docker://\(host)/team/app"
            let push = ["copy", "--all", "--preserve-digests", "--dest-tls-verify=false", layout]
            #expect(try await skopeo(push + ["\(target):v1"], as: "bob").outcome().status != .success)
            #expect(try await skopeo(push + ["\(target):v1"], as: "nobody").outcome().status != .success)
            try await skopeo(push + ["\(target):v1"], as: "alice").run()
            // A second repository, by mounting from the first.
            try await skopeo(push + ["docker://\(host)/team/copy:v1"], as: "alice").run()
            for user in ["alice", "bob"] {
                let inspected = try await skopeo(["inspect", "--tls-verify=false", "\(target):v1"], as: user).run()
                #expect(inspected.contains(images.facts.index))
                let copied = try stage.makeDirectory(user)
                try await skopeo(
                    ["copy", "--all", "--src-tls-verify=false", "\(target):v1", "oci:\(copied.path):v1"], as: user
                ).run()
            }
            let anonymous = try await skopeo(["inspect", "--tls-verify=false", "\(target):v1"], as: "nobody").outcome()
            #expect(anonymous.status != .success)
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.podman)), arguments: Place.allCases)
    private func podmanLogsInPushesAndPulls(place: Place) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let household = try await TokenHousehold.make(on: stage)
            let host = try await Self.host(place, household, on: stage)
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let podman = try Podman(stage: stage)
            let source = PullRequest(host: origin.host, tag: "amd64")
            _ = try await podman.pull(source)
            func run(_ arguments: String...) async throws -> TestSupport.ExitStatus {
                let auth = "\(stage.directory.path)/podman.json"
                return try await Command(
                    "podman", podman.store + arguments, environment: ["REGISTRY_AUTH_FILE": auth]
                ).outcome().status
            }
            let name = "\(host)/team/app:v1"
            #expect(try await run("tag", source.prefixed, name) == .success)
            #expect(try await run("push", "--tls-verify=false", name) != .success)
            let password = TokenHousehold.password
            #expect(try await run("login", "--tls-verify=false", "-u", "alice", "-p", "wrong", host) != .success)
            #expect(try await run("login", "--tls-verify=false", "-u", "alice", "-p", password, host) == .success)
            #expect(try await run("push", "--tls-verify=false", name) == .success)
            #expect(try await run("rmi", name) == .success)
            #expect(try await run("pull", "--tls-verify=false", name) == .success)
            #expect(try await run("logout", host) == .success)
            #expect(try await run("pull", "--tls-verify=false", "\(host)/team/app:v1") != .success)
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.docker)), arguments: Place.allCases)
    private func dockerLogsInWithARefreshTokenThatCanBeRevoked(place: Place) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let household = try await TokenHousehold.make(on: stage)
            let admin = try stage.write("an-admin-token-of-some-length", to: "admin-token")
            let entrepot = try await household.server(
                token: "kid_format = \"libtrust\"\n[admin]\ntoken_file = \"\(admin.path)\"")
            let host =
                place == .entrepot
                ? entrepot.host
                : try await TrustingRegistry.start(on: stage, issuer: entrepot, certificate: household.certificate)
                    .host
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let docker = try await DockerDaemon(stage: stage, mirror: origin.url)
            _ = try await docker.pull(PullRequest(host: origin.host, tag: "amd64"))
            let name = "\(host)/team/app:v1"
            try await docker.docker("tag", "test/app:amd64", name)
            await #expect(throws: (any Error).self) { try await docker.docker("push", "--quiet", name) }
            await #expect(throws: (any Error).self) { try await docker.docker("login", "-u", "bob", "-p", "x", host) }
            try await docker.docker("login", "-u", "alice", "-p", TokenHousehold.password, host)
            // The file holds no password.
            let file = try String(contentsOf: docker.configurationFile, encoding: .utf8)
            #expect(file.contains("identitytoken"))
            try await docker.docker("push", "--quiet", name)
            try await docker.remove(name)
            try await docker.docker("pull", "--quiet", name)
            // Our own commands use what docker keeps.
            let hello = try stage.write("hello world\n", to: "hello.txt")
            func ours(_ arguments: String...) async throws -> (status: TestSupport.ExitStatus, output: String) {
                try await Command(
                    Paths.entrepot.path, ["image"] + arguments + ["--authfile", docker.configurationFile.path]
                ).outcome()
            }
            let pushed = try await ours("push", host, "team/hello:1", hello.path)
            #expect(pushed.status == .success, "\(pushed.output)")
            #expect(try await ours("list", host, "team/hello", "--format", "bare").output == "team/hello:1\n")

            let revoked = try await Command(
                Paths.entrepot.path,
                [
                    "token", "revoke", "--user", "alice", "--server", entrepot.url, "--token-file", admin.path,
                ]
            ).run()
            #expect(revoked.contains("\"revoked\":1"))
            await #expect(throws: (any Error).self) { try await docker.docker("push", "--quiet", name) }
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.ctr)), arguments: Place.allCases)
    private func containerdPullsWithAPassword(place: Place) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let household = try await TokenHousehold.make(on: stage)
            let host = try await Self.host(place, household, on: stage)
            let layout = "oci:\(Paths.cache.appendingPathComponent("images").path):amd64"
            try await Command(
                "skopeo",
                [
                    "copy", "--dest-tls-verify=false", "--dest-creds", "alice:\(TokenHousehold.password)", layout,
                    "docker://\(host)/team/app:v1",
                ]
            ).run()
            let containerd = try await Containerd(stage: stage)
            func pull(_ credentials: [String]) async throws -> TestSupport.ExitStatus {
                try await Command(
                    "ctr",
                    ["-a", containerd.socket, "images", "pull", "--plain-http", "--snapshotter", "native"]
                        + credentials + ["\(host)/team/app:v1"]
                ).outcome().status
            }
            #expect(try await pull([]) != .success)
            #expect(try await pull(["--user", "bob:wrong"]) != .success)
            #expect(try await pull(["--user", "bob:\(TokenHousehold.password)"]) == .success)
            _ = images
        }
    }

    @Test func keysRotateWhileServing() async throws {
        try await Stage.with { stage in
            let old = try await TokenHousehold.make(on: stage)
            let entrepot = try await old.server()
            let path = "/v2/team/app/tags/list"
            func token() async throws -> String {
                let answer = try await entrepot.get(
                    "/auth/token?service=entrepot&scope=repository:team/app:pull",
                    options: ["-u", "alice:\(TokenHousehold.password)"])
                let json = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
                return try #require(json?["token"] as? String)
            }
            func status(_ token: String) async throws -> HTTPProbe.Answer {
                try await entrepot.get(path, headers: ["Authorization": "Bearer \(token)"])
            }
            func keys() async throws -> Int {
                let answer = try await entrepot.get("/auth/jwks.json")
                let json = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
                return (json?["keys"] as? [Any])?.count ?? 0
            }
            let first = try await token()
            // An empty repository is not found; what matters is that it is looked for.
            #expect(try await status(first).status == 404)

            let new = try await TokenHousehold.make(on: stage, algorithm: "ES256")
            try entrepot.reconfigure(repositories: new.tables(token: "previous_keys = [\"\(old.key.path)\"]"))
            try await entrepot.process.waitUntilReady { (try? await keys()) == 2 }
            let second = try await token()
            #expect(try await status(first).status == 404)
            #expect(try await status(second).status == 404)

            try entrepot.reconfigure(repositories: new.tables())
            try await entrepot.process.waitUntilReady { (try? await keys()) == 1 }
            let refused = try await status(first)
            #expect(refused.status == 401)
            #expect(refused.headers["www-authenticate"]?.contains("error=\"invalid_token\"") == true)
            #expect(try await status(second).status == 404)

            // A subject that is gone.
            try entrepot.reconfigure(repositories: new.tables(people: ["bob"]))
            try await entrepot.process.waitUntilReady { (try? await status(second).status) == 401 }
        }
    }

    @Test func refreshTokensOutliveTheServerAndAreNowhereInTheStore() async throws {
        try await Stage.with { stage in
            let household = try await TokenHousehold.make(on: stage)
            let first = try await household.server()
            func json(_ answer: HTTPProbe.Answer) throws -> [String: Any] {
                try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
            }
            let login = try await first.get(
                "/auth/token?service=entrepot&client_id=e2e&offline_token=true",
                options: ["-u", "alice:\(TokenHousehold.password)"])
            let refresh = try #require(try json(login)["refresh_token"] as? String)
            #expect(try await Command("grep", ["-r", "-F", refresh, first.root.path]).outcome().status != .success)
            await first.process.stop()

            let second = try await EntrepotServer.start(
                on: stage, root: first.root, repositories: household.tables(people: ["alice"]))
            func ask(_ token: String) async throws -> HTTPProbe.Answer {
                try await second.get(
                    "/auth/token", method: "POST",
                    options: [
                        "--data-urlencode", "refresh_token=\(token)", "-d", "grant_type=refresh_token", "-d",
                        "service=entrepot", "-d", "client_id=e2e", "-d", "scope=repository:team/app:pull,push",
                    ])
            }
            #expect(try json(try await ask(refresh))["scope"] as? String == "repository:team/app:pull,push")
            let wrong = try await ask(refresh + "A")
            #expect(wrong.status == 401)
            #expect(try json(wrong)["error"] as? String == "invalid_grant")
        }
    }

    @Test func tokensAreChallengedForAndBoundedByPolicy() async throws {
        try await Stage.with { stage in
            let entrepot = try await TokenHousehold.make(on: stage).server()
            func token(_ user: String, _ scope: String) async throws -> String {
                let answer = try await entrepot.get(
                    "/auth/token?service=entrepot&scope=\(scope)",
                    options: ["-u", "\(user):\(TokenHousehold.password)"])
                let json = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
                return try #require(json?["token"] as? String)
            }
            let realm = "Bearer realm=\"\(entrepot.url)/auth/token\",service=\"entrepot\""
            #expect(try await entrepot.get("/v2/").headers["www-authenticate"] == realm)
            let manifest = "/v2/team/app/manifests/v1"
            #expect(
                try await entrepot.get(manifest).headers["www-authenticate"]
                    == realm + ",scope=\"repository:team/app:pull\"")
            let put = try await entrepot.get("/v2/team/app/blobs/uploads/", method: "POST")
            #expect(put.status == 401)
            #expect(put.headers["www-authenticate"] == realm + ",scope=\"repository:team/app:pull,push\"")

            let pull = try await token("alice", "repository:team/app:pull")
            let header = ["Authorization": "Bearer \(pull)"]
            #expect(try await entrepot.get("/v2/", headers: header).status == 200)
            let upload = try await entrepot.get("/v2/team/app/blobs/uploads/", headers: header, method: "POST")
            #expect(upload.status == 401)
            #expect(upload.headers["www-authenticate"]?.contains("error=\"insufficient_scope\"") == true)
            #expect(try await entrepot.get("/v2/team/other/manifests/v1", headers: header).status == 401)
            // What policy does not allow bob is not in his token, whatever he asks for.
            let bob = try await token("bob", "repository:team/app:pull,push,delete")
            let denied = try await entrepot.get(
                "/v2/team/app/blobs/uploads/", headers: ["Authorization": "Bearer \(bob)"], method: "POST")
            #expect(denied.status == 401)
        }
    }
}
