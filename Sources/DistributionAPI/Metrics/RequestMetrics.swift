internal import HTTPServer
internal import Metrics
internal import NIOHTTP1

/// What is counted of each request. All of it is made once: a counter made for each request costs more than the request for
/// a small manifest.
struct RequestMetrics: Sendable {
    /// How an answer was come by, as far as it has content.
    enum Cache: String, CaseIterable {
        case hit, miss, stale, none

        /// - Parameter field: The `Cache-Status` field that was sent.
        init(_ field: String?) {
            guard let field else {
                self = .none
                return
            }
            self = field.hasPrefix("entrepot; hit") ? .hit : field.hasPrefix("entrepot; fwd=stale") ? .stale : .miss
        }
    }

    private struct OfAction: Sendable {
        /// By class of status and cache outcome.
        let requests: [Counter]
        let seconds: Timer
        let bytes: Counter

        init(_ action: String) {
            requests = RequestMetrics.classes.flatMap { statusClass in
                Cache.allCases.map { cache in
                    Counter(
                        label: "entrepot_requests_total",
                        dimensions: [
                            ("action", action), ("status", "\(statusClass)xx"), ("cache", cache.rawValue),
                        ])
                }
            }
            seconds = Timer(label: "entrepot_request_seconds", dimensions: [("action", action)])
            bytes = Counter(label: "entrepot_response_bytes_total", dimensions: [("action", action)])
        }
    }

    private static let classes: ClosedRange<UInt> = 1...5
    private let actions: [String: OfAction]
    private let clientsLeft = Counter(label: "entrepot_requests_cut_total", dimensions: [("by", "client")])
    private let failed = Counter(label: "entrepot_requests_cut_total", dimensions: [("by", "server")])

    init() {
        actions = Dictionary(uniqueKeysWithValues: (Action.names + ["none"]).map { ($0, OfAction($0)) })
    }

    func count(_ action: String, _ cache: Cache, _ exchange: Exchange) {
        guard let metrics = actions[action] else { return }
        let statusClass = min(max(exchange.status.code / 100, 1), 5)
        let cacheIndex = Cache.allCases.firstIndex(of: cache) ?? 0
        metrics.requests[Int(statusClass - 1) * Cache.allCases.count + cacheIndex].increment()
        metrics.seconds.recordNanoseconds(exchange.duration.nanoseconds)
        metrics.bytes.increment(by: exchange.bytesSent)
        switch exchange.outcome {
        case .complete: break
        case .clientLeft: clientsLeft.increment()
        case .failed: failed.increment()
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
