internal import HTTPServer
internal import Metrics
internal import NIOHTTP1
package import OCI
internal import Observability
internal import Tracing

/// What is counted of each request. All of it is made once: a counter made for each request costs more than the request for
/// a small manifest.
package struct RequestMetrics: Sendable {
    /// How an answer was come by, as far as it has content.
    package enum Cache: Int, CaseIterable {
        case hit, miss, stale, none

        fileprivate static let names = allCases.map { "\($0)" }
    }

    /// Where the bytes of an answer came from.
    package enum Source: Int, CaseIterable {
        /// What was held.
        case cache
        /// What arrived, and is kept.
        case fill
        /// What was passed on and is not kept.
        case upstream
        case none

        fileprivate static let names = allCases.map { "\($0)" }
    }

    /// What one answer counts as.
    package struct Outcome {
        package let cache: Cache
        package let source: Source

        /// - Parameter field: The `Cache-Status` field that was sent, as this server writes it.
        package init(_ field: String?) {
            guard let field else {
                cache = .none
                source = .none
                return
            }
            if field.hasPrefix("entrepot; hit") {
                cache = .hit
                source = .cache
                return
            }
            cache = field.hasPrefix("entrepot; fwd=stale") ? .stale : .miss
            // Only "stored" and "collapsed" can follow.
            source = field.utf8.dropFirst("entrepot; ".utf8.count).contains(UInt8(ascii: ";")) ? .fill : .upstream
        }
    }

    /// An object, so that to count holds on to one thing and not to all that is in it.
    private final class OfAction: Sendable {
        /// By class of status and cache outcome.
        let requests: [Counter]
        let seconds: TracedTimer
        let firstByteSeconds: TracedTimer
        /// By source.
        let bytes: [Counter]

        init(_ action: String) {
            requests = RequestMetrics.classes.flatMap { statusClass in
                Cache.names.map { cache in
                    Counter(
                        label: "entrepot_requests_total",
                        dimensions: [("action", action), ("status", "\(statusClass)xx"), ("cache", cache)])
                }
            }
            seconds = TracedTimer(label: "entrepot_request_seconds", dimensions: [("action", action)])
            firstByteSeconds = TracedTimer(
                label: "entrepot_request_first_byte_seconds", dimensions: [("action", action)])
            bytes = Source.names.map { source in
                Counter(label: "entrepot_response_bytes_total", dimensions: [("action", action), ("source", source)])
            }
        }
    }

    private static let classes: ClosedRange<UInt> = 1...5
    private let actions: [OfAction]
    /// By key and cache outcome.
    private let namespaces: [RepositoryName: [Counter]]
    private let clientsLeft = Counter(label: "entrepot_requests_cut_total", dimensions: [("by", "client")])
    private let failed = Counter(label: "entrepot_requests_cut_total", dimensions: [("by", "server")])

    /// - Parameter namespaces: The keys of all that are configured.
    package init(namespaces: [RepositoryName]) {
        actions = (Action.names + ["none"]).map { OfAction($0) }
        self.namespaces = Dictionary(
            namespaces.map { key in
                let counters = Cache.names.map { cache in
                    Counter(
                        label: "entrepot_namespace_requests_total",
                        dimensions: [("namespace", key.value), ("cache", cache)])
                }
                return (key, counters)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameters:
    ///   - action: Nil for what was no request of the registry.
    ///   - namespace: The key of what it was about.
    package func count(_ action: Action?, _ namespace: RepositoryName?, _ outcome: Outcome, _ answer: Answer) {
        let metrics = actions[action?.index ?? actions.count - 1]
        let statusClass = min(max(Int(answer.status) / 100, 1), 5)
        metrics.requests[(statusClass - 1) * Cache.allCases.count + outcome.cache.rawValue].increment()
        metrics.seconds.recordNanoseconds(answer.nanoseconds, traceID: answer.traceID)
        if let first = answer.firstByteNanoseconds {
            metrics.firstByteSeconds.recordNanoseconds(first, traceID: answer.traceID)
        }
        metrics.bytes[outcome.source.rawValue].increment(by: answer.bytes)
        if let namespace, let counters = namespaces[namespace] { counters[outcome.cache.rawValue].increment() }
        if answer.isCutByClient { clientsLeft.increment() }
        if answer.isCutByServer { failed.increment() }
    }

    /// What of an exchange is counted.
    package struct Answer {
        package var status: UInt
        package var nanoseconds: Int64
        /// Nil where not even the head was sent.
        package var firstByteNanoseconds: Int64?
        package var bytes: Int64
        package var isCutByClient = false
        package var isCutByServer = false
        package var traceID: String?

        package init(status: UInt, nanoseconds: Int64, firstByteNanoseconds: Int64?, bytes: Int64) {
            self.status = status
            self.nanoseconds = nanoseconds
            self.firstByteNanoseconds = firstByteNanoseconds
            self.bytes = bytes
        }
    }
}

extension RequestMetrics.Answer {
    /// No initializer: that would copy the exchange, which costs more than to count it.
    static func of(_ exchange: Exchange, _ span: (any Span)?) -> Self {
        var answer = Self(
            status: exchange.status.code, nanoseconds: exchange.nanoseconds,
            firstByteNanoseconds: exchange.firstByteNanoseconds, bytes: exchange.bytesSent)
        answer.isCutByClient = exchange.outcome == .clientLeft
        answer.isCutByServer = exchange.outcome == .failed
        // Of a trace that is kept: nobody could look the others up.
        if let span, span.isRecording { answer.traceID = span.context.traceID }
        return answer
    }
}
