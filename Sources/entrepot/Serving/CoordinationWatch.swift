import Cluster
import Coordination
import DistributionAPI
import Logging
import Metrics
import ServiceLifecycle
import Threads

/// Looks from time to time at whether what replicas agree and share by answers, and tells it where operators look.
struct CoordinationWatch: Service {
    private static let interval: Duration = .seconds(2)
    /// Where nothing is shared, until a reload may have changed that.
    private static let idleInterval: Duration = .seconds(10)

    let parts: LongLivedParts

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var last: CoordinationReport?
            while !Task.isCancelled {
                let replica = parts.coordination.replica
                let report = CoordinationReport(
                    locks: await condition(replica.leases), values: await condition(replica.values))
                let told = report.locks == .none && report.values == .none ? nil : report
                parts.readiness.tell(told)
                parts.status.note(told)
                log("locks", last?.locks, report.locks)
                log("values", last?.values, report.values)
                last = report
                // Cancelled: the loop ends.
                try? await Beat.next(told == nil ? Self.idleInterval : Self.interval)
            }
        }
    }

    private func condition(_ store: SwitchedCoordination) async -> CoordinationReport.Condition {
        guard store.isConfigured else { return .none }
        do throws(CoordinationError) { try await store.check() } catch {
            parts.logger.debug("coordination", metadata: ["error": "\(error)"])
            return .down
        }
        return .up
    }

    private func log(
        _ name: String, _ last: CoordinationReport.Condition?, _ now: CoordinationReport.Condition
    ) {
        guard last ?? .none != now else { return }
        Gauge(label: "entrepot_coordination_up", dimensions: [("store", name)]).record(now == .up ? 1 : 0)
        switch now {
        case .down:
            parts.logger.warning(
                "Redis does not answer; this replica goes on by itself until it does", metadata: ["store": "\(name)"])
        case .up: parts.logger.notice("Redis answers", metadata: ["store": "\(name)"])
        case .none: break
        }
    }
}
