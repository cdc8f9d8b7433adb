import Metrics
import NIOConcurrencyHelpers

/// Counters of the questions to one upstream, each made when it is first needed.
final class UpstreamRequestCounters: Sendable {
    private struct Key: Hashable {
        let operation: RegistryClient.Operation
        /// Of the few words that an error's kind has.
        let outcome: String
    }

    private let upstream: String
    private let counters = NIOLockedValueBox<[Key: Counter]>([:])

    init(upstream: String) {
        self.upstream = upstream
    }

    func count(_ operation: RegistryClient.Operation, _ outcome: String) {
        let key = Key(operation: operation, outcome: outcome)
        let counter = counters.withLockedValue { counters in
            if let counter = counters[key] { return counter }
            let counter = Counter(
                label: "entrepot_upstream_requests_total",
                dimensions: [("upstream", upstream), ("operation", operation.rawValue), ("outcome", outcome)])
            counters[key] = counter
            return counter
        }
        counter.increment()
    }
}
