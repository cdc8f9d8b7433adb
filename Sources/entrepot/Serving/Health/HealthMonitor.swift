import Configuration
import DistributionAPI
import Doctor
import Logging
import Metrics
import NIOConcurrencyHelpers
import Observability
import Registry
import ServiceLifecycle
import Storage
import Upstream

/// Looks after what serving depends on: tells ``Readiness`` and metrics.
struct HealthMonitor: Service {
    let parts: LongLivedParts
    let current: CurrentSnapshot
    let probe: StoreProbe
    /// Returns when it is time for the next look.
    let pause: @Sendable () async throws -> Void
    private let free = Gauge(label: "entrepot_store_free_bytes")
    private let logger = Logger(.services)

    init(
        parts: LongLivedParts, current: CurrentSnapshot, probe: StoreProbe,
        pause: @escaping @Sendable () async throws -> Void
    ) {
        self.parts = parts
        self.current = current
        self.probe = probe
        self.pause = pause
    }

    func run() async throws {
        parts.readiness.look(checks)
        let changes = NIOLockedValueBox(HealthChanges())
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    await repeating {
                        await probe.look()
                        tell(changes)
                    }
                }
                // A store that does not answer keeps nobody from telling that.
                group.addTask { await repeating { tell(changes) } }
            }
        }
    }

    private func repeating(_ look: () async -> Void) async {
        while !Task.isCancelled {
            await look()
            do { try await pause() } catch { return }
        }
    }

    private func tell(_ changes: NIOLockedValueBox<HealthChanges>) {
        // That a configuration was refused is told by who refused it.
        let found = checks()
        for check in changes.withLockedValue({ $0.note(found) }) {
            logger.log(
                level: check.status.level, "health: \(check.name) is \(check.status.rawValue)",
                metadata: ["finding": "\(check.message)"])
        }
        for check in parts.readiness.checks {
            Gauge(label: "entrepot_health_degraded", dimensions: [("check", check.name)])
                .record(check.status == .ok ? 0 : 1)
        }
        if let bytes = probe.freeBytes { free.record(bytes) }
    }

    /// Costs no more than a look into memory.
    @Sendable func checks() -> [HealthCheck] {
        let snapshot = current.value
        return [probe.check] + disk(snapshot) + clock() + [upstreams(snapshot), certificates(snapshot)]
    }

    /// Where somebody else's clock dates what lies in the store.
    private func clock() -> [HealthCheck] {
        guard parts.isRemote else { return [] }
        if let warning = parts.store.clockWarning { return [HealthCheck("clock", .degraded, warning)] }
        return [HealthCheck("clock", .ok, "differs by \(abs(parts.store.clockDifference)) seconds from the store's")]
    }

    private func disk(_ snapshot: Snapshot) -> [HealthCheck] {
        guard let free = probe.freeBytes else { return [] }
        // Eviction begins at min_free; a quarter of it says that it does not keep up.
        let least = max(FileSystemState.leastFree, Int64(snapshot.configuration.cache.minFree?.bytes ?? 0) / 4)
        return [HealthCheck("disk", free < least ? .degraded : .ok, "\(free) bytes are free")]
    }

    private func upstreams(_ snapshot: Snapshot) -> HealthCheck {
        let down = Set(
            parts.registry.upstreamStatus(snapshot.namespaces).compactMap { status -> String? in
                if case .closed = status.breaker.state { return nil }
                return "\(status.name) (\(status.breaker.lastError?.message ?? "failed"))"
            })
        return down.isEmpty
            ? HealthCheck("upstreams", .ok, "none is left alone")
            : HealthCheck("upstreams", .degraded, "left alone for a while: \(down.sorted().joined(separator: ", "))")
    }

    private func certificates(_ snapshot: Snapshot) -> HealthCheck {
        let now = WallClock.seconds()
        let due = snapshot.certificates.filter { $0.isDue(now) }
        guard !due.isEmpty else { return HealthCheck("certificates", .ok, "none ends within seven days") }
        let texts = due.map { $0.sentence(now) }
        return HealthCheck(
            "certificates", due.contains { $0.isRefused(now) } ? .failing : .degraded,
            texts.sorted().joined(separator: ", "))
    }
}

extension HealthCheck.Status {
    fileprivate var level: Logger.Level {
        switch self {
        case .ok: .notice
        case .degraded: .warning
        case .failing: .error
        }
    }
}
