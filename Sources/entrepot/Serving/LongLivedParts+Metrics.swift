import HTTPServer
import Metrics
import Observability
import Registry

extension LongLivedParts {
    /// What is looked at when metrics are asked for, rather than counted when it happens.
    func collectMetrics() {
        Gauge(label: "entrepot_build_info", dimensions: [("version", entrepotVersion)]).record(1)
        Gauge(label: "entrepot_config_generation").record(1)
        // Failures that have not happened yet must show as 0, or no alert can tell the first.
        _ = [Counter(label: "entrepot_config_reloads_total"), Counter(label: "entrepot_config_reload_failures_total")]
        let process = ProcessMetrics(startTime: WallClock.seconds())
        let connections = Gauge(label: "entrepot_connections")
        let requests = Gauge(label: "entrepot_requests_in_flight")
        let waiting = Gauge(label: "entrepot_requests_waiting")
        let fillsInFlight = Gauge(label: "entrepot_fills_in_flight")
        metrics.collect { [status, registry] in
            process.collect()
            fillsInFlight.record(registry.fillsUnderWay.count)
            guard let activity = status.activity else { return }
            connections.record(activity.connections)
            requests.record(activity.requests)
            waiting.record(activity.waiting)
        }
    }
}
