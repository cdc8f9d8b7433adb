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
    /// - Parameters:
    ///   - seconds: Idle for longer than this.
    ///   - report: One that the store cannot tell about is left, and keeps no other from being removed.
    /// - Returns: How many were removed.
    func sweep(
        idleFor seconds: Int64, _ report: (Key, StorageError) -> Void
    ) async throws(StorageError) -> Int {
        var removed = 0
        _ = try await store.repositories(limit: 0, budget: .max) { (repository) async throws(StorageError) in
            var after: String?
            repeat {
                let page = try await store.uploads(of: repository, after: after, limit: 1000)
                for id in page.ids {
                    let key = Key(repository: repository, id: id)
                    do throws(StorageError) {
                        if try await sweep(key, seconds) { removed += 1 }
                    } catch {
                        report(key, error)
                    }
                }
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
        try await store.sweep(before: storeTime - max(seconds, Self.longestTransfer))
    }

    /// Seconds since 1970, by the clock that dates what lies in the store.
    private var storeTime: Int64 { now() + store.clockDifference }

    private func sweep(_ key: Key, _ seconds: Int64) async throws(StorageError) -> Bool {
        guard !open.isOpen(key) else { return false }
        return try await locks.withLock(key) { () async throws(StorageError) in
            guard !open.isOpen(key), let upload = try await store.upload(key.id, in: key.repository),
                storeTime - upload.lastActive > seconds
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
        if let warning = uploads.store.clockWarning {
            return logger.warning("abandoned uploads are left", metadata: ["reason": "\(warning)"])
        }
        await telling("abandoned uploads") { () async throws(StorageError) in
            var left = 0
            let count = try await uploads.sweep(idleFor: expiry()) { key, error in
                left += 1
                guard left <= Self.mostTold else { return }
                logger.warning(
                    "an abandoned upload could not be removed",
                    metadata: ["repository": "\(key.repository)", "upload": "\(key.id)", "error": "\(error)"])
            }
            if left > Self.mostTold {
                logger.warning("so could not others", metadata: ["count": "\(left - Self.mostTold)"])
            }
            return count
        }
        await telling("remains of the store") { () async throws(StorageError) in
            try await uploads.sweepRemains(idleFor: expiry())
        }
    }

    private func telling(_ what: String, _ remove: () async throws(StorageError) -> Int) async {
        do throws(StorageError) {
            let count = try await remove()
            if count > 0 { logger.info("removed \(what)", metadata: ["count": "\(count)"]) }
        } catch {
            logger.warning("\(what) could not be removed", metadata: ["error": "\(error)"])
        }
    }

    /// Lines of one round.
    private static let mostTold = 10

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
