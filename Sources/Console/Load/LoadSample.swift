internal import FoundationEssentials

/// A server at one moment, as its admin API and its metrics tell it.
public struct LoadSample: Sendable, Equatable {
    /// How often something happened, by how the answer was come by.
    struct Requests: Sendable, Equatable {
        var all = 0.0
        var hits = 0.0
        /// Those that needed an upstream.
        var others = 0.0

        /// That were about content.
        var answered: Double { hits + others }

        mutating func add(_ cache: String?, _ count: Double) {
            all += count
            switch cache {
            case "hit": hits += count
            case "miss", "stale": others += count
            default: break
            }
        }

        static func - (left: Requests, right: Requests) -> Requests {
            Requests(
                all: max(left.all - right.all, 0), hits: max(left.hits - right.hits, 0),
                others: max(left.others - right.others, 0))
        }
    }

    struct Status: Sendable, Equatable, Decodable {
        var version: String
        var uptimeSeconds: Double
        var connections: Int
        var requestsInFlight: Int
    }

    struct FillState: Sendable, Equatable, Decodable {
        var digest: String
        var size: Double?
        var released: Double
        var repositories: [String]
    }

    struct UpstreamState: Sendable, Equatable, Decodable {
        var namespace: String
        var upstream: String
        var breaker: String
        var lastError: String?
        var limit: Int?
        var remaining: Int?
        var waitSeconds: Int
        var requestsInFlight: Int?
        var requestsWaiting: Int?
    }

    struct SlowRequest: Sendable, Equatable, Decodable {
        var action: String
        var repository: String?
        var reference: String?
        var status: Int
        var seconds: Double
        var firstByteSeconds: Double?
        var cache: String?
        var ageSeconds: Double
    }

    /// Seconds on a clock that goes on.
    var time: Double
    var status: Status
    var requests = Requests()
    var failures = 0.0
    /// Bytes of bodies that were sent, by where they came from.
    var sent: [String: Double] = [:]
    /// Bytes that came from upstreams.
    var received = 0.0
    var namespaces: [String: Requests] = [:]
    var fills: [FillState] = []
    var upstreams: [UpstreamState] = []
    var slowest: [SlowRequest] = []

    /// - Parameters:
    ///   - time: Seconds on a clock that goes on.
    ///   - status: What `/_entrepot/status` says; `fills`, `upstreams` and `slowest` alike.
    ///   - metrics: What `/metrics` says.
    /// - Throws: If one of it is not what a server says.
    public init(
        time: Double, status: String, fills: String, upstreams: String, slowest: String, metrics: String
    ) throws {
        func decode<Value: Decodable>(_ text: String) throws -> Value {
            try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        }
        self.time = time
        self.status = try decode(status)
        self.fills = try decode(fills)
        self.upstreams = try decode(upstreams)
        self.slowest = try decode(slowest)
        for text in metrics.split(separator: "\n") where text.hasPrefix("entrepot_") {
            if let line = MetricLine(text) { count(line) }
        }
    }

    private static let ofNoInterest: Set = ["none", "healthz", "readyz", "startupz"]

    private mutating func count(_ line: MetricLine) {
        switch line.name {
        case "entrepot_requests_total" where !Self.ofNoInterest.contains(line.labels["action"] ?? "none"):
            requests.add(line.labels["cache"], line.value)
            if line.labels["status"]?.hasPrefix("5") == true { failures += line.value }
        case "entrepot_namespace_requests_total":
            namespaces[line.labels["namespace"] ?? "", default: Requests()].add(line.labels["cache"], line.value)
        case "entrepot_response_bytes_total" where !Self.ofNoInterest.contains(line.labels["action"] ?? "none"):
            sent[line.labels["source"] ?? "", default: 0] += line.value
        case "entrepot_upstream_bytes_total": received += line.value
        default: break
        }
    }
}
