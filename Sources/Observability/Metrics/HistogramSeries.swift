internal import CoreMetrics
internal import NIOConcurrencyHelpers
internal import Synchronization

/// How many were how large.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    private final class Bucket: Sendable {
        let count = Atomic<UInt64>(0)
    }

    private let bounds: [Double]
    private let buckets: [Bucket]
    private let sum = MetricValue()
    /// The last of each bucket. Empty as long as nobody gave one.
    private let exemplars = NIOLockedValueBox<[Exemplar?]>([])

    init(bounds: [Double]) {
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in Bucket() }
    }

    var sample: MetricSample {
        .histogram(
            counts: buckets.map { $0.count.load(ordering: .relaxed) }, sum: sum.value,
            exemplars: exemplars.withLockedValue { $0 })
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        buckets[bucket(of: value)].count.wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    func record(_ exemplar: Exemplar) {
        record(exemplar.value)
        guard exemplar.value.isFinite else { return }
        let bucket = bucket(of: exemplar.value)
        exemplars.withLockedValue { exemplars in
            if exemplars.isEmpty { exemplars = Array(repeating: nil, count: buckets.count) }
            exemplars[bucket] = exemplar
        }
    }

    private func bucket(of value: Double) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if value <= bounds[middle] { high = middle } else { low = middle + 1 }
        }
        return low
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
