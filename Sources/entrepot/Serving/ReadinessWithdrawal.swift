import DistributionAPI
import Logging
import ServiceLifecycle

/// The first thing to stop: takes readiness back, and gives those who look at it time to notice before the listener
/// goes.
struct ReadinessWithdrawal: Service {
    let readiness: Readiness
    let manager: ServiceManager?
    /// Asked when it is time to stop.
    let delay: @Sendable () -> Duration
    let logger: Logger

    func run() async throws {
        // Throws only when cancelled, which means that something else failed: then there is nothing to wait for.
        do { try await gracefulShutdown() } catch is CancellationError { return }
        readiness.withdraw()
        manager?.tell(.stopping)
        logger.notice("stopping; transfers in flight may finish")
        // The operator's own interval, not a guess at how long something takes.
        do { try await Task.sleep(for: delay()) } catch is CancellationError {}
    }
}
