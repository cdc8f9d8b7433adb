internal import Cluster
internal import Coordination
internal import Logging
internal import Metrics
internal import OCI
public import ServiceLifecycle
internal import Storage

extension Uploads {
    /// Removes sessions of every repository that nothing was sent to for so long, unless a request is writing to them.
    ///
    /// - Parameter seconds: Idle for longer than this.
    /// - Returns: How many were removed.
    func sweep(idleFor seconds: Int64) async throws(StorageError) -> Int {
        var removed = 0
        _ = try await store.repositories(limit: 0, budget: .max) { (repository) async throws(StorageError) in
            var after: String?
            repeat {
                let page = try await store.uploads(of: repository, after: after, limit: 1000)
                for id in page.ids where try await sweep(Key(repository: repository, id: id), seconds) { removed += 1 }
                after = page.end
            } while after != nil && !Task.isCancelled
            return false
        }
        return removed
    }

    /// Nobody takes longer than a day, however soon sessions are given up.
    private static let longestTransfer: Int64 = 24 * 3600

    /// Removes what the store itself was left with by processes that died.
    func sweepRemains(idleFor seconds: Int64) async throws(StorageError) -> Int {
        try await store.sweep(before: now() - max(seconds, Self.longestTransfer))
    }

    private func sweep(_ key: Key, _ seconds: Int64) async throws(StorageError) -> Bool {
        guard !open.isOpen(key) else { return false }
        return try await locks.withLock(key) { () async throws(StorageError) in
            guard !open.isOpen(key), let upload = try await store.upload(key.id, in: key.repository),
                now() - upload.lastActive > seconds
            else { return false }
            try await store.removeUpload(key.id, in: key.repository)
            metrics.expired.increment()
            return true
        }
    }
}

/// Removes abandoned upload sessions from time to time.
public struct UploadSweeper: Service {
    private let uploads: Uploads
    private let expiry: @Sendable () -> Int64
    private let replica: Replica
    private let logger: Logger
    private let pause: @Sendable () async throws -> Void

    /// - Parameters:
    ///   - expiry: Seconds after which an idle session is abandoned, asked before each round.
    ///   - pause: Returns when it is time for the next round.
    public init(
        registry: Registry, expiry: @escaping @Sendable () -> Int64, pause: @escaping @Sendable () async throws -> Void
    ) {
        uploads = registry.uploads
        replica = registry.replica
        logger = registry.logger
        self.expiry = expiry
        self.pause = pause
    }

    private func sweep() async {
        do {
            let count = try await uploads.sweep(idleFor: expiry())
            if count > 0 { logger.info("removed abandoned uploads", metadata: ["count": "\(count)"]) }
            let remains = try await uploads.sweepRemains(idleFor: expiry())
            if remains > 0 { logger.info("removed remains of the store", metadata: ["count": "\(remains)"]) }
        } catch {
            logger.warning("abandoned uploads could not be removed", metadata: ["error": "\(error)"])
        }
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await replica.alone("uploads") { await sweep() }
                // Throws only when the service is to end.
                do { try await pause() } catch { return }
            }
        }
    }
}
