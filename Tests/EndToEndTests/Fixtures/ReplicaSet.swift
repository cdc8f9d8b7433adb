import Foundation
import TestSupport

/// Several Entrepots on one store and one Redis, and nginx, which gives each request to the next of them.
struct ReplicaSet: Sendable {
    enum Store: String, Sendable, CaseIterable {
        case bucket, folder
    }

    let replicas: [EntrepotServer]
    let redis: RedisServer
    let front: FrontProxy
    /// What stands between the replicas and the bucket.
    let faults: FaultProxy?

    var url: String { front.url }
    var host: String { "127.0.0.1:\(front.port)" }

    /// - Parameter ttl: Seconds for which others wait for a replica that died.
    static func start(
        _ store: Store, on stage: Stage, count: Int = 3, ttl: Int = 6, repositories: String
    ) async throws -> ReplicaSet {
        let redis = try await RedisServer.start(on: stage)
        let secret = try stage.write("a secret of all replicas", to: "cluster-secret")
        let shared = """

            [global]
            default_access = "open"
            [lock_store.redis]
            url = "redis://127.0.0.1:\(redis.port)"
            ttl = \(ttl)
            [cache_store.redis]
            url = "redis://127.0.0.1:\(redis.port)"
            [cluster]
            secret_file = "\(secret.path)"

            """
        let moto = store == .bucket ? try await MotoServer.start(on: stage) : nil
        let faults = if let moto { try await FaultProxy.start(on: stage, before: moto.port) } else { FaultProxy?.none }
        let root = try stage.makeDirectory("shared")
        var replicas: [EntrepotServer] = []
        for _ in 0..<count {
            let storage =
                try moto.map { moto in
                    try moto.storage("cluster", on: stage)
                        .replacing("127.0.0.1:\(moto.port)", with: "127.0.0.1:\(faults?.port ?? moto.port)")
                } ?? "[storage.fs]\nroot_dir = \"\(root.path)\""
            let settings = EntrepotServer.Settings(storage: storage + shared)
            replicas.append(
                try await EntrepotServer.start(
                    on: stage, root: store == .folder ? root : nil,
                    repositories: repositories + (try EntrepotServer.adminTable(on: stage)), settings: settings))
        }
        let front = try await FrontProxy.start(
            .nginx, on: stage, before: replicas[0].port, and: replicas.dropFirst().map(\.port))
        return ReplicaSet(replicas: replicas, redis: redis, front: front, faults: faults)
    }
}

/// Passes connections on, and on command answers 503 or cuts them in their middle.
struct FaultProxy: Sendable {
    enum Fault: String {
        case none, refuse, cut
    }

    let port: UInt16
    private let process: RunningProcess

    static func start(on stage: Stage, before port: UInt16) async throws -> FaultProxy {
        let own = FreePorts.next()
        let process = try stage.start(
            "/usr/bin/python3", [Paths.script("fault-proxy.py"), "\(own)", "\(port)"], name: "fault-proxy")
        try await process.waitUntilReady { FreePorts.isListening(own) }
        return FaultProxy(port: own, process: process)
    }

    /// From now on.
    func set(_ fault: Fault) async throws {
        _ = try await HTTPProbe.get("http://127.0.0.1:\(port)/_fault/\(fault.rawValue)", method: "POST")
    }
}
