import Coordination
import Foundation
import Glibc
import NIOConcurrencyHelpers
import RedisCoordination
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct RedisCoordinationTests {
    private static let space = CoordinationKey.Space("test")
    private let key = CoordinationKey(space, "key")
    private let life = Duration.seconds(60)

    private func settings(_ server: RedisServer, prefix: String = "entrepot:") -> RedisSettings {
        RedisSettings(.server(.tcp(host: "127.0.0.1", port: server.port)), keyPrefix: prefix)
    }

    /// The failure's code, and how long it took.
    private func failure(
        _ body: () async throws -> Void
    ) async throws -> (code: CoordinationError.Code?, took: Duration) {
        let start = ContinuousClock.now
        let error = await #expect(throws: CoordinationError.self) { try await body() }
        return (error?.code, ContinuousClock.now - start)
    }

    @Test func theContractHoldsWithARealServer() async throws {
        try await Stage.with { stage in
            let server = try await RedisServer.start(on: stage)
            for clause in CoordinationContract.allCases {
                let store = RedisCoordination(settings(server, prefix: "\(clause.rawValue):"))
                try await clause.check(store) { try await Task.sleep(for: $0) }
            }
        }
    }

    @Test func twoReplicasSeeTheSameLeases() async throws {
        try await Stage.with { stage in
            let server = try await RedisServer.start(on: stage)
            let (one, two) = (RedisCoordination(settings(server)), RedisCoordination(settings(server)))
            guard case .granted(let lease) = try await one.acquire(key, owner: LeaseOwner(), note: [1], life: life)
            else { throw CoordinationError(.busy, "taken") }
            guard case .taken(let note, _) = try await two.acquire(key, owner: LeaseOwner(), note: [], life: life)
            else { throw CoordinationError(.busy, "granted twice") }
            #expect(note == [1])
            try await one.release(lease)
            // Somebody who forgot everything: fences grow all the same.
            try await server.command("FLUSHALL")
            guard case .granted(let next) = try await two.acquire(key, owner: LeaseOwner(), note: [], life: life)
            else { throw CoordinationError(.busy, "taken") }
            #expect(next.fence > lease.fence)
        }
    }

    @Test func aServerThatIsGoneIsToldAtOnceAndFoundAgainByItself() async throws {
        try await Stage.with { stage in
            let server = try await RedisServer.start(on: stage)
            let time = NIOLockedValueBox(Duration.zero)
            let store = RedisCoordination(settings(server)) { time.withLockedValue { $0 } }
            try await store.check()
            await server.process.kill()
            #expect(try await failure { _ = try await store.value(key) }.code == .unavailable)
            #expect(store.isDown)
            #expect(try await failure { _ = try await store.value(key) }.code == .unavailable)
            let again = try await RedisServer.start(on: stage, port: server.port)
            // Left alone until its time has come.
            #expect(try await failure { _ = try await store.value(key) }.code == .unavailable)
            time.withLockedValue { $0 += .seconds(10) }
            #expect(try await store.store([1], key, life: life, .always))
            #expect(!store.isDown)
            #expect(again.process.isRunning)
        }
    }

    @Test func aStoppedServerCostsOneTimeOutAndThenNothing() async throws {
        try await Stage.with { stage in
            let server = try await RedisServer.start(on: stage)
            var settings = settings(server)
            settings.commandTimeout = .milliseconds(300)
            let time = NIOLockedValueBox(Duration.zero)
            let store = RedisCoordination(settings) { time.withLockedValue { $0 } }
            try await store.check()
            server.process.signal(SIGSTOP)
            #expect(try await failure { try await store.check() }.code == .unavailable)
            // A hundred more than one time-out would allow if each paid it.
            let rest = try await failure {
                for _ in 0..<100 { try? await store.check() }; try await store.check()
            }
            #expect(rest.code == .unavailable)
            #expect(rest.took < .seconds(10))
            server.process.signal(SIGCONT)
            time.withLockedValue { $0 += .seconds(10) }
            try await store.check()
        }
    }

    /// Those who wait behind the first hear of it at once, and do not wait for a time-out of their own.
    @Test func ofABurstNoneWaitsForThoseBeforeIt() async throws {
        try await Stage.with { stage in
            let server = try await RedisServer.start(on: stage)
            var settings = settings(server)
            settings.commandTimeout = .milliseconds(300)
            settings.connections = 2
            let redis = RedisCoordination(settings)
            try await redis.check()
            server.process.signal(SIGSTOP)
            let began = ContinuousClock.now
            await withTaskGroup { group in
                for number in 0..<60 {
                    group.addTask {
                        let key = CoordinationKey(CoordinationKey.Space("burst"), "\(number)")
                        await #expect(throws: CoordinationError.self) { try await redis.value(key) }
                    }
                }
            }
            // One after the other they would take nine seconds.
            #expect(ContinuousClock.now - began < .seconds(4))
            server.process.signal(SIGCONT)
        }
    }

    @Test func anIdleConnectionThatTheServerClosedIsReplacedWithoutAFailure() async throws {
        try await Stage.with { stage in
            let server = try await RedisServer.start(on: stage)
            let store = RedisCoordination(settings(server))
            #expect(try await store.store([1], key, life: life, .always))
            try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            #expect(try await store.value(key) == [1])
        }
    }

    @Test func aReadOnlyAFullAndALockedServerCountAsGone() async throws {
        try await Stage.with { stage in
            let server = try await RedisServer.start(on: stage)
            let time = NIOLockedValueBox(Duration.zero)
            let store = RedisCoordination(settings(server)) { time.withLockedValue { $0 } }
            for (off, on) in [
                (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
                (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
                (["CONFIG", "SET", "requirepass", "secret"], []),
            ] {
                _ = try await Command("redis-cli", ["-p", "\(server.port)"] + off).run()
                // Who is in stays in when a password is set; the next who connects is asked for it.
                let store = on.isEmpty ? RedisCoordination(settings(server)) : store
                let error = await #expect(throws: CoordinationError.self) {
                    _ = try await store.acquire(key, owner: LeaseOwner(), note: [], life: life)
                }
                #expect(error?.code == .unavailable, "\(off): \(String(describing: error))")
                #expect("\(String(describing: error))".contains("secret") == false)
                guard !on.isEmpty else { continue }
                _ = try await Command("redis-cli", ["-p", "\(server.port)"] + on).run()
                time.withLockedValue { $0 += .seconds(10) }
                #expect(try await store.store([1], key, life: life, .always))
            }
        }
    }

    @Test func garbageUnderOurNamesIsTakenForNothing() async throws {
        try await Stage.with { stage in
            let server = try await RedisServer.start(on: stage)
            let store = RedisCoordination(settings(server))
            try await server.command("SET", "entrepot:lease:test/key", "x")
            try await server.command("SET", "entrepot:fence", "not a number")
            try await server.command("SET", "entrepot:counter:test/key", "many")
            try await server.command(
                "EVAL", "redis.call('SET', 'entrepot:value:test/key', string.rep('x', 200000))", "0")
            guard case .granted = try await store.acquire(key, owner: LeaseOwner(), note: [], life: life) else {
                throw CoordinationError(.busy, "taken")
            }
            #expect(try await store.add(1, to: key, life: life) == 1)
            #expect(try await store.value(key) == nil)
            try await server.command("DEL", "entrepot:value:test/key")
            try await server.command("LPUSH", "entrepot:value:test/key", "x")
            #expect(try await failure { _ = try await store.value(key) }.code == .unintelligible)
            #expect(!store.isDown)
        }
    }

    @Test func passwordUserDatabaseAndSocketAreUsed() async throws {
        try await Stage.with { stage in
            let path = stage.directory.appendingPathComponent("redis.sock").path
            let server = try await RedisServer.start(
                on: stage, options: ["--unixsocket", path, "--user", "worker", "on", ">pa ss", "~*", "+@all"])
            let store = RedisCoordination(
                RedisSettings(.server(.unix(path: path)), username: "worker", password: { "pa ss" }, database: 3))
            #expect(try await store.store([1], key, life: life, .always))
            #expect(try await server.command("-n", "3", "EXISTS", "entrepot:value:test/key") == "1")
            let wrong = RedisCoordination(
                RedisSettings(.server(.unix(path: path)), username: "worker", password: { "hush" }))
            let error = await #expect(throws: CoordinationError.self) { try await wrong.check() }
            #expect(error?.code == .unavailable)
            #expect("\(String(describing: error))".contains("hush") == false)
        }
    }

    @Test func theMasterIsAskedOfTheSentinelsAndADemotedOneIsLeft() async throws {
        try await Stage.with { stage in
            let (one, two) = (try await RedisServer.start(on: stage), try await RedisServer.start(on: stage))
            try await two.command("REPLICAOF", "127.0.0.1", "\(one.port)")
            let port = FreePorts.next()
            let file = try stage.write(
                "port \(port)\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 \(one.port) 1\n", to: "sentinel.conf")
            let sentinel = try await RedisServer.start(on: stage, port: port, sentinel: file.path)
            let time = NIOLockedValueBox(Duration.zero)
            let dead = RedisAddress.tcp(host: "127.0.0.1", port: FreePorts.next())
            let store = RedisCoordination(
                RedisSettings(
                    .sentinels([dead, .tcp(host: "127.0.0.1", port: sentinel.port)], master: "main"))
            ) { time.withLockedValue { $0 } }
            #expect(try await store.store([1], key, life: life, .always))
            #expect(try await one.command("EXISTS", "entrepot:value:test/key") == "1")
            let isFollowed = try await eventually(within: .seconds(30)) {
                let known = try await sentinel.command("SENTINEL", "replicas", "main")
                return known.contains("\(two.port)") ? true : nil
            }
            #expect(isFollowed == true)
            try await sentinel.command("SENTINEL", "failover", "main")
            let isServed = try await eventually(within: .seconds(60)) {
                time.withLockedValue { $0 += .seconds(10) }
                _ = try? await store.store([2], key, life: life, .always)
                return try await two.command("GET", "entrepot:value:test/key") == "\u{2}" ? true : nil
            }
            #expect(isServed == true)
        }
    }
}
