internal import Access
internal import Events
public import HTTPServer
internal import Observability

extension DistributionAPI {
    public func finished(_ exchange: Exchange) {
        let note = exchange.note as? RequestNote
        metrics.count(
            note?.action, note?.namespace, RequestMetrics.Outcome(note?.cache),
            RequestMetrics.Answer(exchange, note))
        if let limits, let id = note?.identity?.id { limits.charge(.identity(id), exchange.bytesMoved) }
        accessLog.write(exchange, note, namespaces)
        guard let note else { return }
        if let event = note.event, event.action == .pull, exchange.outcome == .complete {
            notifications?.recordLater(event)
        }
        if let audit, let record = AuditRecord(exchange, note) { audit.record(record) }
    }
}
