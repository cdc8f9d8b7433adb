public import CoreMetrics
internal import NIOConcurrencyHelpers

/// All metrics of the process: the backend of swift-metrics, and what a scrape shows.
///
/// What is not described is counted and not shown: a name is a promise to dashboards, and stands in the reference. Label
/// values come from configuration and code, never from a client; should one not, ``maxSeries`` bounds the harm.
public final class MetricsRegistry: MetricsFactory {
    /// Of one metric; further ones are counted together in ``droppedSeries`` and shown nowhere.
    static let maxSeries = 2000
    static let droppedSeries = MetricDescription(
        "entrepot_metrics_series_dropped_total", .counter, "Series that were not made since a metric had too many")

    private let families: NIOLockedValueBox<[String: MetricFamily]>
    private let collectors = NIOLockedValueBox<[@Sendable () -> Void]>([])
    private let dropped: CounterSeries

    public init(_ descriptions: [MetricDescription]) {
        var families: [String: MetricFamily] = [:]
        for description in descriptions + [Self.droppedSeries] {
            families[description.name] = MetricFamily(description)
        }
        dropped = CounterSeries()
        families[Self.droppedSeries.name]?.add(dropped, [])
        self.families = NIOLockedValueBox(families)
    }

    /// Called at the beginning of every scrape: for what is looked at rather than counted. Must not block.
    public func collect(_ collector: @escaping @Sendable () -> Void) {
        collectors.withLockedValue { $0.append(collector) }
    }

    /// The families that have series, by name, after the collectors had their turn.
    func scrape() -> [MetricFamily] {
        for collector in collectors.withLockedValue({ $0 }) { collector() }
        return families.withLockedValue { families in
            families.values.filter { !$0.members.isEmpty }.sorted { $0.description.name < $1.description.name }
        }
    }

    // MARK: swift-metrics

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions) as? CounterSeries ?? CounterSeries()
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions) as? CounterSeries ?? CounterSeries()
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let series = series(label, dimensions)
        return series as? HistogramSeries ?? series as? GaugeSeries ?? GaugeSeries()
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions) as? GaugeSeries ?? GaugeSeries()
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions) as? HistogramSeries ?? HistogramSeries(bounds: [])
    }

    // A series stays: its number is what a dashboard goes on from.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Nil if nothing of this name is described, or there are too many.
    private func series(_ name: String, _ dimensions: [(String, String)]) -> (any MetricSeries)? {
        families.withLockedValue { families in
            guard let place = families.index(forKey: name) else { return nil }
            let description = families.values[place].description
            let values = description.labels.map { label in dimensions.first { $0.0 == label }?.1 ?? "" }
            // Looked at where it lies: who held the family would have all of it copied for the new series.
            if let series = families.values[place][values] { return series }
            guard families.values[place].members.count < Self.maxSeries else {
                dropped.increment(by: Int64(1))
                return nil
            }
            let series: any MetricSeries =
                switch description.kind {
                case .counter: CounterSeries()
                case .gauge: GaugeSeries()
                case .histogram(let bounds): HistogramSeries(bounds: bounds)
                }
            families.values[place].add(series, values)
            return series
        }
    }
}
