internal import Access
internal import HTTPServer
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Registry
internal import Upstream

/// One line for each request, as far as the logger's level lets it: what failed or was slow is a warning, what probes ask is
/// of no interest.
public struct AccessLog: Sendable {
    private let logger: Logger
    /// In nanoseconds.
    private let slow: Int64?

    /// - Parameter slow: An answer that takes longer to begin is; zero or nil for none.
    public init(_ logger: Logger, slow: Duration? = nil) {
        self.logger = logger
        self.slow = slow.flatMap { $0 == .zero ? nil : TimeAmount($0).nanoseconds }
    }

    func write(_ exchange: Exchange, _ note: CarriedNote?, _ namespaces: Namespaces) {
        let isSlow = isSlow(exchange)
        let level: Logger.Level
        switch note?.content.action {
        case _ where exchange.status.code >= 500 || exchange.outcome == .failed || isSlow: level = .warning
        case .health, .readiness, .startup: level = .debug
        default: level = .info
        }
        // Nothing is put together that nobody reads.
        guard level >= logger.logLevel else { return }
        logger.log(level: level, "request", metadata: fields(exchange, note?.content, namespaces, isSlow: isSlow))
    }

    /// Who sends content has its answer when all of it has arrived, which says nothing of this server.
    private func isSlow(_ exchange: Exchange) -> Bool {
        guard let slow, exchange.method == .GET || exchange.method == .HEAD else { return false }
        return (exchange.firstByteNanoseconds ?? exchange.nanoseconds) >= slow
    }

    private func fields(
        _ exchange: Exchange, _ note: RequestNote?, _ namespaces: Namespaces, isSlow: Bool
    ) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "id": "\(exchange.requestID)", "action": "\(note?.action?.name ?? "none")",
            "status": "\(exchange.status.code)", "bytes": "\(exchange.bytesSent)", "outcome": "\(exchange.outcome)",
            "milliseconds": "\(Self.milliseconds(exchange.nanoseconds))",
        ]
        if let first = exchange.firstByteNanoseconds {
            fields["first_byte_milliseconds"] = "\(Self.milliseconds(first))"
        }
        if isSlow { fields["slow"] = "true" }
        if let method = exchange.method { fields["method"] = "\(method)" }
        if let address = exchange.clientAddress?.ipAddress { fields["client"] = "\(address)" }
        guard let note else { return fields }
        if let trace = note.traceID { fields["trace_id"] = "\(trace)" }
        if let repository = note.action?.repository { fields["repository"] = "\(repository)" }
        if let reference = note.action?.reference { fields["reference"] = "\(reference)" }
        if let digest = note.action?.digest { fields["digest"] = "\(digest)" }
        if let identity = note.identity { fields["identity"] = "\(identity)" }
        if let error = note.error { fields["error"] = "\(error)" }
        guard let cache = note.cache else { return fields }
        fields["cache"] = "\(cache)"
        // Who may have been asked.
        if RequestMetrics.Outcome(cache).source != .cache, let key = note.namespace,
            let upstreams = namespaces.all.first(where: { $0.key == key })?.upstreams, !upstreams.isEmpty
        {
            fields["upstream"] = "\(upstreams.map(\.name).joined(separator: ","))"
        }
        return fields
    }
    /// With three digits after the point.
    private static func milliseconds(_ nanoseconds: Int64) -> String {
        let microseconds = nanoseconds / 1000
        let rest = String(1000 + microseconds % 1000).dropFirst()
        return "\(microseconds / 1000).\(rest)"
    }
}
