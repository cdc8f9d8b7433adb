internal import CoreMetrics

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A timer whose buckets name a trace that fell into them, where the process' metrics are this target's.
public struct TracedTimer: Sendable {
    private let handler: any TimerHandler
    private let series: HistogramSeries?

    public init(label: String, dimensions: [(String, String)] = []) {
        handler = MetricsSystem.factory.makeTimer(label: label, dimensions: dimensions)
        series = handler as? HistogramSeries
    }

    /// - Parameter traceID: 32 hexadecimal digits of a trace that is kept; nil if there is none.
    public func recordNanoseconds(_ duration: Int64, traceID: String? = nil) {
        guard let series else { return handler.recordNanoseconds(duration) }
        guard let traceID else { return series.recordNanoseconds(duration) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        series.record(
            Exemplar(
                traceID: traceID, value: Double(duration) / 1e9,
                time: Double(now.tv_sec) + Double(now.tv_nsec / 1_000_000) / 1000))
    }
}
