internal import NIOConcurrencyHelpers
internal import Observability
public import ServiceLifecycle
internal import Tracing

/// Runs work that belongs to no single request: fills, and fetches that several requests share. A request that goes
/// away stops nothing here; when the service stops, everything under way is cancelled.
public final class BackgroundWork: Service {
    public typealias Job = @Sendable () async -> Void

    private let jobs: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation
    private let running: NIOLockedValueBox<Int>
    private let limit: Int

    /// - Parameter limit: Jobs at a time; more are refused.
    public init(limit: Int = 4096) {
        self.limit = limit
        running = NIOLockedValueBox(0)
        (jobs, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(limit))
    }

    /// Starts `job`; false if too much is running, or the service has stopped.
    public func start(_ job: @escaping Job) -> Bool {
        let admitted = running.withLockedValue { running in
            guard running < limit else { return false }
            running += 1
            return true
        }
        guard admitted else { return false }
        // What a request began belongs to its trace, also when the request has gone.
        let context = Traces.isOn ? InstrumentationContext.current : nil
        let result = continuation.yield { [running] in
            if let context {
                await InstrumentationContext.withValue(context) { await job() }
            } else {
                await job()
            }
            running.withLockedValue { $0 -= 1 }
        }
        guard case .enqueued = result else {
            running.withLockedValue { $0 -= 1 }
            return false
        }
        return true
    }

    /// Cancels everything under way, and takes nothing any more: for who still has to wait for what waits for it.
    public func stop() { continuation.finish() }

    public func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await job in jobs {
                    group.addTask(operation: job)
                }
                // Reached by shutdown or cancellation. Whoever asks from now on is told so.
                continuation.finish()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.continuation.finish()
        }
        // A service that ends before it is told to counts as one that failed.
        try? await gracefulShutdown()
    }
}
