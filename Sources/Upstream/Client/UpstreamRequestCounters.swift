import Metrics
import NIOConcurrencyHelpers

/// Counters and timers of the questions to one upstream, each made when it is first needed.
final class UpstreamRequestCounters: Sendable {
    private struct Key: Hashable {
        let operation: UpstreamClient.Operation
        /// Of the few words that an error's kind has.
        let outcome: String
    }

    private let upstream: String
    private struct Made {
        let counter: Counter
        let timer: Timer
    }

    private let made = NIOLockedValueBox<[Key: Made]>([:])

    init(upstream: String) {
        self.upstream = upstream
    }

    func count(_ operation: UpstreamClient.Operation, _ outcome: String, _ nanoseconds: Int64) {
        let key = Key(operation: operation, outcome: outcome)
        let metrics = made.withLockedValue { made in
            if let metrics = made[key] { return metrics }
            let metrics = Made(
                counter: Counter(
                    label: "entrepot_upstream_requests_total",
                    dimensions: [("upstream", upstream), ("operation", operation.rawValue), ("outcome", outcome)]),
                timer: Timer(
                    label: "entrepot_upstream_request_seconds",
                    dimensions: [("upstream", upstream), ("operation", operation.rawValue)]))
            made[key] = metrics
            return metrics
        }
        metrics.counter.increment()
        metrics.timer.recordNanoseconds(nanoseconds)
    }
}
