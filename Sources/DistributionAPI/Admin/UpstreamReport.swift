internal import OCI
internal import Registry
internal import Upstream

/// How an upstream is, for the operator.
struct UpstreamReport: Encodable {
    var namespace: String
    var upstream: String
    /// `closed`, `open` or `probing`
    var breaker: String
    var failures: Int
    var lastError: String?
    var limit: Int?
    var remaining: Int?
    var waitSeconds: Int
    var requestsInFlight: Int?
    var requestsWaiting: Int?
    var maxConnections: Int?
    var maxBandwidth: Int?

    init(_ status: UpstreamStatus) {
        namespace = status.namespace.value
        upstream = status.name
        breaker =
            switch status.breaker.state {
            case .closed: "closed"
            case .open: "open"
            case .probing: "probing"
            }
        failures = status.breaker.failures
        lastError = status.breaker.lastError?.message
        limit = status.reading?.limit
        remaining = status.reading?.remaining
        waitSeconds = status.wait
        requestsInFlight = status.use?.inUse
        requestsWaiting = status.use?.waiting
        maxConnections = status.use?.caps.connections
        maxBandwidth = status.use?.caps.bytesPerSecond
    }
}
