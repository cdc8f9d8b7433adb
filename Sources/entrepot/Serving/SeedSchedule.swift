import Cluster
import Configuration
import Coordination
import Logging
import Metrics
import NIOConcurrencyHelpers
import OCI
import Observability
import Registry
import ServiceLifecycle
import Threads
import Transfer

/// Keeps the lists of `[[seed]]` fresh: each soon after the start, and then by its interval. In a cluster one replica does it.
final class SeedSchedule: Service {
    private static let longestList = DataSize.mebibytes(16)
    /// After a failure a list does not wait for its turn, which may be a day away.
    private static let soon: Duration = .seconds(300)
    private static let space = CoordinationKey.Space("seed")
    private let parts: LongLivedParts
    private let current: CurrentSnapshot
    private let leases: ClusterLocks
    private let pause: @Sendable () async throws -> Void
    private let logger = Logger(.registry)

    /// - Parameter pause: Between two looks at what is due.
    init(parts: LongLivedParts, current: CurrentSnapshot, pause: @escaping @Sendable () async throws -> Void) {
        self.parts = parts
        self.current = current
        self.pause = pause
        leases = ClusterLocks(parts.coordination.replica.leases, patience: .zero)
    }

    func run() async throws {
        let executor = ThreadPoolExecutor(ThreadPool(limit: 2, name: "seeds"), niceness: 5)
        await cancelWhenGracefulShutdown { await self.watch(executor) }
    }

    private func watch(_ executor: ThreadPoolExecutor) async {
        var due: [SeedSection: ContinuousClock.Instant] = [:]
        while !Task.isCancelled {
            let sections = current.value.configuration.seeds
            due = due.filter { sections.contains($0.key) }
            for section in sections where due[section, default: .now] <= .now && !Task.isCancelled {
                let interval = section.interval.duration
                let isFresh = await withTaskExecutorPreference(executor) { await renew(section) }
                let wait = isFresh ? interval : min(interval, Self.soon)
                // Spread, so that many servers do not ask their upstreams together.
                due[section] = .now + wait * Double.random(in: 0.9...1.1)
            }
            // Cancelled: the loop ends.
            try? await pause()
        }
    }

    /// - Returns: False if something of it could not be had.
    private func renew(_ section: SeedSection) async -> Bool {
        do {
            let translate: (CoordinationError) -> any Error = { $0 }
            return try await leases.withLock(CoordinationKey(Self.space, section.list), translate: translate) {
                (_) async throws(any Error) in try await self.seed(section)
            }
        } catch let error as CoordinationError where error.code == .busy {
            logger.debug("another replica seeds", metadata: ["list": "\(section.list)"])
            return true
        } catch {
            if Task.isCancelled { return false }
            logger.error("a list could not be seeded", metadata: ["list": "\(section.list)", "error": "\(error)"])
            return false
        }
    }

    private func seed(_ section: SeedSection) async throws -> Bool {
        let namespaces = current.value.namespaces
        let bytes = try await ThreadPool.shared.run { try BoundedFile.read(section.list, limit: Self.longestList) }
        let list = ImageList(String(decoding: bytes, as: UTF8.self))
        var patterns: [ImagePattern] = []
        for name in list.names {
            if let pattern = namespaces.pattern(named: name) {
                patterns.append(pattern)
            } else {
                count("invalid")
                logger.warning(
                    "a list names what is no image",
                    metadata: ["list": "\(section.list)", "name": "\(name.prefix(200))"])
            }
        }
        var settings = Seeding.Settings()
        settings.platforms = section.platforms.compactMap { ImagePlatform($0) }
        settings.takesReferrers = section.takesReferrers
        settings.newest = section.newest
        settings.jobs = 2
        settings.patience = section.interval.milliseconds / 1000
        let tally = NIOLockedValueBox((held: 0, failed: 0, bytes: Int64(0)))
        try await Seeding(parts.registry, settings).run(patterns, namespaces) { [self] outcome in
            switch outcome.result {
            case .success(let fetched):
                count("held")
                tally.withLockedValue {
                    $0.held += 1; $0.bytes += fetched.bytes
                }
            case .failure(let error):
                count("failed")
                tally.withLockedValue { $0.failed += 1 }
                logger.warning(
                    "an image could not be seeded", metadata: ["image": "\(outcome.name)", "error": "\(error.message)"])
            }
        }
        let (held, failed, fetched) = tally.withLockedValue { $0 }
        logger.info(
            "a list was seeded",
            metadata: [
                "list": "\(section.list)", "held": "\(held)", "failed": "\(failed)", "fetchedBytes": "\(fetched)",
            ])
        return failed == 0
    }

    private func count(_ outcome: String) {
        Counter(label: "entrepot_seeded_images_total", dimensions: [("outcome", outcome)]).increment()
    }
}
