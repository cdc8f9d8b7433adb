import Foundation
import TestSupport
import Testing

/// Three replicas on one store and one Redis, behind nginx that gives each request to the next.
@Suite(.enabled(if: MotoServer.isInstalled, "make deps")) struct ClusterTests {
    private struct Clients: Decodable {
        var whole: Int
        var ranges: Int
        var left: Int
        var errors: [String]
    }

    private struct Load: Decodable {
        var pushed: Int
        var deleted: Int
        var pulled: Int
        var retries: Int
        var errors: [String]
    }

    private static func gets(_ upstream: ScriptedUpstream) async throws -> [ScriptedUpstream.Request] {
        try await upstream.requests.filter { $0.method == "GET" && $0.path.contains("/blobs/") }
    }

    @Test(arguments: ReplicaSet.Store.allCases)
    func sixtyClientsOnOneColdBlobCostOneFetch(store: ReplicaSet.Store) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.largeBlob)
            let set = try await ReplicaSet.start(
                store, on: stage, ttl: 30,
                repositories: "[repository.\"many\"]\n" + upstream.configuration(namespace: "many", mode: "good"))
            let printed = try await Command(
                "/usr/bin/python3",
                [
                    Paths.script("many-clients.py"), "\(set.url)/v2/many/app/blobs/\(upstream.facts.layer)",
                    images.largeBlob.path, "60",
                ]
            ).run(within: .seconds(300))
            let clients = try JSONDecoder().decode(Clients.self, from: Data(printed.utf8))
            #expect(clients.errors == [])
            #expect(clients.whole == 30)
            let whole = try await Self.gets(upstream).filter { $0.range == nil || $0.range == "bytes=0-" }
            #expect(whole.count == 1, "\(whole)")
        }
    }

    enum Blow: String, Sendable, CaseIterable {
        case killed, stopped
    }

    /// The upstream stands still in the middle, so that the blow meets the filling replica there.
    @Test(arguments: ReplicaSet.Store.allCases, Blow.allCases)
    func whatAReplicaWasFetchingIsFetchedFromThereByAnother(store: ReplicaSet.Store, blow: Blow) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.largeBlob)
            let set = try await ReplicaSet.start(
                store, on: stage,
                repositories: "[repository.\"up\"]\n" + upstream.configuration(namespace: "up", mode: "gated"))
            let path = "/v2/up/app/blobs/\(upstream.facts.layer)"
            func reader(_ server: EntrepotServer, _ name: String) throws -> (process: RunningProcess, file: URL) {
                let file = stage.directory.appendingPathComponent(name)
                let process = try stage.start("curl", ["-sS", "--fail", "-o", file.path, server.url + path])
                return (process, file)
            }
            func size(_ file: URL) -> Int {
                (try? FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int) ?? 0
            }
            let first = try reader(set.replicas[0], "first")
            let isFilling = try await eventually(within: .seconds(60)) { size(first.file) > 1 << 20 ? true : nil }
            #expect(isFilling == true)
            let others = try [reader(set.replicas[1], "second"), reader(set.replicas[2], "third")]
            let half = upstream.facts.size / 2 - (1 << 20)
            let isHalf = try await eventually(within: .seconds(120)) {
                others.allSatisfy { size($0.file) >= half } ? true : nil
            }
            #expect(isHalf == true, "they do not follow")
            #expect(try await Self.gets(upstream).count == 1)
            switch blow {
            case .killed: await set.replicas[0].process.kill()
            case .stopped: set.replicas[0].process.signal(SIGSTOP)
            }
            for other in others {
                #expect(try await other.process.waitForExit(within: .seconds(120)) == .success)
                try await Command("cmp", [other.file.path, images.largeBlob.path]).run()
            }
            let asked = try await Self.gets(upstream)
            #expect(asked.count == 2, "\(asked)")
            // Not from its beginning.
            let range = try #require(asked.last?.range)
            let offset = try #require(Int(range.dropFirst("bytes=".count).dropLast()))
            #expect(offset >= half)
            if blow == .stopped {
                set.replicas[0].process.signal(SIGCONT)
                try await upstream.release()
                #expect(try await first.process.waitForExit(within: .seconds(120)) == .success)
                try await Command("cmp", [first.file.path, images.largeBlob.path]).run()
                #expect(try await Self.gets(upstream).count == 2)
            }
            // What all of them have now is right.
            for server in set.replicas.dropFirst(blow == .killed ? 1 : 0) {
                let file = stage.directory.appendingPathComponent("again-\(server.port)")
                try await Command("curl", ["-sS", "--fail", "-o", file.path, server.url + path]).run(
                    within: .seconds(120))
                try await Command("cmp", [file.path, images.largeBlob.path]).run()
            }
        }
    }

    @Test(arguments: ClientKind.enabled)
    func pushesWhoseRequestsGoToOneReplicaAfterTheOther(kind: ClientKind) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let origin = try await DockerRegistry.start(on: stage, store: images.store)
            let set = try await ReplicaSet.start(.bucket, on: stage, repositories: "[repository.local]\n")
            guard let client = try await kind.fresh(on: stage, mirror: origin.url) as? any PushingClient else { return }
            let source = PullRequest(host: origin.host, namespace: kind == .ctr ? "up.test" : nil, tag: "amd64")
            _ = try await client.pull(source)
            try await client.push(source, to: PullRequest(host: set.host, namespace: "local", name: "app", tag: "v1"))
            var digests: Set<String> = []
            for server in set.replicas {
                digests.insert(
                    try #require(
                        try await server.get("/v2/local/app/manifests/v1").headers["docker-content-digest"]))
                let pulled = try Skopeo(stage: stage)
                _ = try await pulled.pull(PullRequest(host: server.host, namespace: "local", name: "app", tag: "v1"))
            }
            #expect(digests.count == 1)
        }
    }

    @Test func aHundredQuestionsForOneTagAreOneQuestion() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await ScriptedUpstream.start(on: stage, file: images.smallBlob)
            let set = try await ReplicaSet.start(
                .folder, on: stage,
                repositories: "[repository.\"up\"]\ntag_ttl = \"1h\"\n"
                    + upstream.configuration(namespace: "up", mode: "good"))
            try await withThrowingTaskGroup { group in
                for number in 0..<30 {
                    group.addTask {
                        let answer = try await set.replicas[number % 3].get("/v2/up/app/manifests/latest")
                        #expect(answer.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            let asked = try await upstream.requests.filter { $0.path.contains("/manifests/") }
            #expect(asked.count == 1, "\(asked)")
            // What one was told is absent, none of them asks for again.
            for server in set.replicas {
                #expect(try await server.get("/v2/up/none/manifests/latest").status == 404)
            }
            let absent = try await upstream.requests.filter { $0.path.contains("/none/manifests/") }
            #expect(absent.count == 1, "\(absent)")
        }
    }

    @Test func nobodyIsServedByTheReplicasDoorWithoutTheSecret() async throws {
        try await Stage.with { stage in
            let set = try await ReplicaSet.start(.folder, on: stage, count: 1, repositories: "[repository.local]\n")
            let digest = "sha256:" + String(repeating: "0", count: 64)
            for path in ["/_entrepot/cluster/fills/\(digest)?repository=local/x", "/_entrepot/cluster/fills/x"] {
                for field in ["Entrepot-Replica 1:AAAA", "Bearer \(EntrepotServer.adminToken)", "Basic YTpi"] {
                    let answer = try await set.replicas[0].get(path, headers: ["Authorization": field])
                    #expect(answer.status == 401)
                }
            }
        }
    }

    enum Trouble: String, Sendable, CaseIterable {
        case redisStopped, redisPaused, redisFlushed, redisRestarted, bucketRefuses, bucketCuts, both
    }

    @Test(arguments: Trouble.allCases)
    func nothingThatWasAcknowledgedIsLost(trouble: Trouble) async throws {
        try await Stage.with { stage in
            let set = try await ReplicaSet.start(
                .bucket, on: stage, repositories: "[repository.local]\n")
            let load = try stage.start(
                "/usr/bin/python3",
                [Paths.script("cluster-load.py"), set.url, "10"] + set.replicas.map(\.url), name: "load")
            // The load's own time, not a guess at how long something takes.
            try await Task.sleep(for: .seconds(2))
            try await Self.make(trouble, set, stage)
            #expect(try await load.waitForExit(within: .seconds(240)) == .success)
            let printed = load.output.split(separator: "\n").last.map(String.init) ?? ""
            let outcome = try JSONDecoder().decode(Load.self, from: Data(printed.utf8))
            #expect(outcome.errors == [], "\(printed)")
            #expect(outcome.pushed > 0 && outcome.pulled > 0, "\(printed)")
            for server in set.replicas { #expect(server.process.isRunning) }
            // All recovers without a restart, but for a Redis that stays away.
            let state = trouble == .redisStopped || trouble == .both ? "down" : "up"
            for server in set.replicas {
                let told = try await eventually(within: .seconds(20)) {
                    try await server.get("/readyz").text.contains("\"locks\":\"\(state)\"") ? true : nil
                }
                #expect(told == true, "\(trouble): readiness does not tell")
            }
        }
    }

    /// The seconds are how long the trouble lasts; what comes of it is not waited for here.
    private static func make(_ trouble: Trouble, _ set: ReplicaSet, _ stage: Stage) async throws {
        switch trouble {
        case .redisStopped: await set.redis.process.kill()
        case .redisPaused:
            set.redis.process.signal(SIGSTOP)
            try await Task.sleep(for: .seconds(3))
            set.redis.process.signal(SIGCONT)
        case .redisFlushed:
            for _ in 0..<6 {
                try await set.redis.command("FLUSHALL")
                try await Task.sleep(for: .milliseconds(500))
            }
        case .redisRestarted:
            await set.redis.process.kill()
            try await Task.sleep(for: .seconds(2))
            _ = try await RedisServer.start(on: stage, port: set.redis.port)
        case .bucketRefuses, .bucketCuts:
            try await set.faults?.set(trouble == .bucketCuts ? .cut : .refuse)
            try await Task.sleep(for: .seconds(3))
            try await set.faults?.set(.none)
        case .both:
            await set.redis.process.kill()
            try await set.faults?.set(.cut)
            try await Task.sleep(for: .seconds(3))
            try await set.faults?.set(.none)
        }
    }
}
