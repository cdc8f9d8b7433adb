internal import Metrics

/// A counter for each operation and class of status, made once: a counter made for each request costs more than the request
/// for a small manifest.
struct RequestCounters: Sendable {
    private struct Key: Hashable {
        let action: String
        let statusClass: UInt
    }

    private static let classes: ClosedRange<UInt> = 1...5
    private let counters: [Key: Counter]

    init() {
        let actions = Action.names + ["none"]
        let pairs = actions.flatMap { action in
            Self.classes.map { statusClass in
                (
                    Key(action: action, statusClass: statusClass),
                    Counter(
                        label: "entrepot_requests_total",
                        dimensions: [("action", action), ("status", "\(statusClass)xx")])
                )
            }
        }
        counters = Dictionary(uniqueKeysWithValues: pairs)
    }

    func count(_ action: Action?, status: UInt) {
        counters[Key(action: action?.name ?? "none", statusClass: status / 100)]?.increment()
    }
}
