internal import Access
internal import Metrics

/// Counts what access policies decided of requests. Made once, as the counters are.
struct DecisionCounters: Sendable {
    private let allowed: [Counter]
    private let denied: [Counter]

    init() {
        func counters(_ decision: String) -> [Counter] {
            AccessOperation.allCases.map { operation in
                Counter(
                    label: "entrepot_policy_decisions_total",
                    dimensions: [("operation", operation.rawValue), ("decision", decision)])
            }
        }
        allowed = counters("allowed")
        denied = counters("denied")
    }

    func count(_ operation: AccessOperation, isAllowed: Bool) {
        guard let index = AccessOperation.allCases.firstIndex(of: operation) else { return }
        (isAllowed ? allowed : denied)[index].increment()
    }
}
