internal import CoreMetrics

/// One metric with one set of label values.
protocol MetricSeries: AnyObject, Sendable {
    var sample: MetricSample { get }
}

/// What a series says at a scrape.
enum MetricSample: Equatable {
    case number(Double)
    /// Counts of each bucket alone, the last being what is above all bounds; exemplars, if any, one for each bucket.
    case histogram(counts: [UInt64], sum: Double, exemplars: [Exemplar?])
}

/// Only goes up.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler {
    private let total = MetricValue()

    var sample: MetricSample { .number(total.value) }

    func increment(by amount: Int64) { if amount > 0 { total.add(Double(amount)) } }
    func increment(by amount: Double) { if amount > 0 { total.add(amount) } }
    func reset() { total.set(0) }
}

/// Goes up and down.
final class GaugeSeries: MetricSeries, RecorderHandler, MeterHandler {
    private let number = MetricValue()

    var sample: MetricSample { .number(number.value) }

    func record(_ value: Int64) { number.set(Double(value)) }
    func record(_ value: Double) { number.set(value) }
    func set(_ value: Int64) { number.set(Double(value)) }
    func set(_ value: Double) { number.set(value) }
    func increment(by amount: Double) { number.add(amount) }
    func decrement(by amount: Double) { number.add(-amount) }
}
