internal import Metrics

/// Made once: a hit looks nothing up.
struct TierMetrics: Sendable {
    let hits = Counter(label: "entrepot_hot_reads_total", dimensions: [("outcome", "hit")])
    let fills = Counter(label: "entrepot_hot_reads_total", dimensions: [("outcome", "filled")])
    let followed = Counter(label: "entrepot_hot_reads_total", dimensions: [("outcome", "followed")])
    let past = Counter(label: "entrepot_hot_reads_total", dimensions: [("outcome", "past")])
    let evictions = Counter(label: "entrepot_hot_evictions_total")
    let dropped = Counter(label: "entrepot_hot_dropped_total")
    private let bytes = Gauge(label: "entrepot_hot_bytes")

    func record(_ index: TierIndex) { bytes.record(index.held) }
}
