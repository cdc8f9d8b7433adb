internal import NIOCore
internal import NIOHTTP1
public import HTTPServer
internal import Logging

extension DistributionAPI {
    public func finished(_ exchange: Exchange) {
        let note = exchange.note as? RequestNote
        let action = note?.action?.name ?? "none"
        let status = exchange.status.code
        metrics.count(action, RequestMetrics.Cache(note?.cache), exchange)
        // The server's own failures and cut answers are news; the rest is for who wants it.
        let level: Logger.Level = status >= 500 || exchange.outcome == .failed ? .warning : .debug
        logger.log(
            level: level, "request",
            metadata: {
                var fields: Logger.Metadata = [
                    "id": "\(exchange.requestID)", "action": "\(action)", "status": "\(status)",
                    "bytes": "\(exchange.bytesSent)", "outcome": "\(exchange.outcome)",
                    "milliseconds": "\(exchange.duration.milliseconds)",
                ]
                if let method = exchange.method { fields["method"] = "\(method)" }
                if let repository = note?.action?.repository { fields["repository"] = "\(repository)" }
                if let address = exchange.clientAddress?.ipAddress { fields["client"] = "\(address)" }
                if let identity = note?.identity { fields["identity"] = "\(identity)" }
                if let cache = note?.cache { fields["cache"] = "\(cache)" }
                if let error = note?.error { fields["error"] = "\(error)" }
                return fields
            }())
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
