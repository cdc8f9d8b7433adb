import CoreMetrics
import Testing

@testable import Observability

@Suite struct MetricsTextTests {
    private static let descriptions = [
        MetricDescription("a_requests_total", .counter, labels: ["action", "status"], "Requests"),
        MetricDescription("a_open", .gauge, "Open \"things\" \\ and\nmore"),
        MetricDescription("a_seconds", .histogram(buckets: [0.1, 1]), labels: ["action"], "Times"),
    ]

    private func filled() -> MetricsRegistry {
        let registry = MetricsRegistry(Self.descriptions)
        Counter(label: "a_requests_total", dimensions: [("status", "2xx"), ("action", "get")], factory: registry)
            .increment(by: 3)
        Counter(label: "a_requests_total", dimensions: [("action", "x\"y\\z\n"), ("status", "4xx")], factory: registry)
            .increment()
        Gauge(label: "a_open", factory: registry).record(-1.5)
        let timer = Timer(label: "a_seconds", dimensions: [("action", "get")], factory: registry)
        for milliseconds in [50, 100, 101, 5000] { timer.recordMilliseconds(milliseconds) }
        Counter(label: "not_described_total", factory: registry).increment()
        return registry
    }

    @Test func prometheusTextIsWrittenAsItsFormatSays() {
        #expect(
            MetricsText(.prometheus).scrape(filled()) == #"""
                # HELP a_open Open "things" \\ and\nmore
                # TYPE a_open gauge
                a_open -1.5
                # HELP a_requests_total Requests
                # TYPE a_requests_total counter
                a_requests_total{action="get",status="2xx"} 3
                a_requests_total{action="x\"y\\z\n",status="4xx"} 1
                # HELP a_seconds Times
                # TYPE a_seconds histogram
                a_seconds_bucket{action="get",le="0.1"} 2
                a_seconds_bucket{action="get",le="1"} 3
                a_seconds_bucket{action="get",le="+Inf"} 4
                a_seconds_sum{action="get"} 5.251
                a_seconds_count{action="get"} 4
                # HELP entrepot_metrics_series_dropped_total Series that were not made since a metric had too many
                # TYPE entrepot_metrics_series_dropped_total counter
                entrepot_metrics_series_dropped_total 0

                """#)
    }

    @Test func openMetricsNamesFamiliesWithoutTheSuffixAndHasAnEnd() {
        let text = MetricsText(.openMetrics).scrape(filled())
        #expect(text.contains("# TYPE a_requests counter\na_requests_total{action=\"get\",status=\"2xx\"} 3\n"))
        #expect(text.contains(#"# HELP a_open Open \"things\" \\ and\nmore"#))
        #expect(text.hasSuffix("\n# EOF\n"))
    }

    @Test func openMetricsNamesUnitsAndTheTracesOfBuckets() throws {
        let registry = filled()
        let series = try #require(
            registry.makeTimer(label: "a_seconds", dimensions: [("action", "get")]) as? HistogramSeries)
        series.record(Exemplar(traceID: "0af7651916cd43dd8448eb211c80319c", value: 0.5, time: 1_700_000_000.25))
        let text = MetricsText(.openMetrics).scrape(registry)
        #expect(text.contains("# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n"))
        #expect(
            text.contains(
                #"a_seconds_bucket{action="get",le="1"} 4 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.5 1700000000.25"#
            ))
        #expect(text.contains("a_seconds_bucket{action=\"get\",le=\"0.1\"} 2\n"))
        // Prometheus' own format has neither.
        let plain = MetricsText(.prometheus).scrape(registry)
        #expect(!plain.contains("trace_id"))
        #expect(!plain.contains("# UNIT"))
    }

    @Test func whatThereIsNoMoreIsNoNumber() {
        let registry = MetricsRegistry(Self.descriptions)
        Gauge(label: "a_open", factory: registry).record(Double.nan)
        #expect(MetricsText(.prometheus).scrape(registry).contains("a_open NaN\n"))
    }

    @Test(
        arguments: [
            (nil, false), ("*/*", false), ("text/plain", false), ("application/openmetrics-text", true),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                true
            ), ("application/openmetrics-text;q=0.1, text/plain;q=0.9", false), ("text/html", false), (";;q=,", false),
        ] as [(String?, Bool)])
    func theFormatIsNegotiated(accept: String?, isOpenMetrics: Bool) {
        #expect((MetricsText.Format(accept: accept) == .openMetrics) == isOpenMetrics)
    }

    @Test func seriesOfOneMetricAreBounded() {
        let registry = MetricsRegistry(Self.descriptions)
        for number in 0..<MetricsRegistry.maxSeries + 5 {
            Counter(label: "a_requests_total", dimensions: [("action", "\(number)")], factory: registry).increment()
        }
        let text = MetricsText(.prometheus).scrape(registry)
        #expect(text.contains("entrepot_metrics_series_dropped_total 5\n"))
        #expect(text.split(separator: "\n").count { $0.hasPrefix("a_requests_total{") } == MetricsRegistry.maxSeries)
    }

    @Test func manyThreadsLoseNothing() async {
        let registry = MetricsRegistry(Self.descriptions)
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<8 {
                tasks.addTask {
                    for _ in 0..<1000 {
                        Counter(label: "a_requests_total", factory: registry).increment()
                        Timer(label: "a_seconds", factory: registry).recordSeconds(1)
                    }
                }
            }
        }
        let text = MetricsText(.prometheus).scrape(registry)
        #expect(text.contains("a_requests_total{action=\"\",status=\"\"} 8000\n"))
        #expect(text.contains("a_seconds_sum{action=\"\"} 8000\n"))
        #expect(text.contains("a_seconds_bucket{action=\"\",le=\"1\"} 8000\n"))
    }

    @Test func collectorsHaveTheirTurnAtEachScrape() {
        let registry = MetricsRegistry(Self.descriptions)
        let gauge = Meter(label: "a_open", factory: registry)
        registry.collect { gauge.increment() }
        #expect(MetricsText(.prometheus).scrape(registry).contains("a_open 1\n"))
        #expect(MetricsText(.prometheus).scrape(registry).contains("a_open 2\n"))
    }
}
