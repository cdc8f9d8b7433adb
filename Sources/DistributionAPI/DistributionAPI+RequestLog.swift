internal import Access
internal import Events
public import HTTPServer
internal import Observability
internal import Registry

extension DistributionAPI {
    public func finished(_ exchange: Exchange) {
        // Read where it lies: a copy costs more than all that is counted.
        let carried = exchange.carriedNote
        metrics.count(
            carried?.content.action, carried?.content.namespace, RequestMetrics.Outcome(carried?.content.cache),
            .of(exchange, carried?.content.span))
        if let limits, let id = carried?.content.identity?.id { limits.charge(.identity(id), exchange.bytesMoved) }
        accessLog.write(exchange, carried, namespaces)
        slowRequests?.note(exchange, carried)
        guard let carried else { return }
        if exchange.outcome == .failed, case .getBlob(let name, let digest)? = carried.content.action {
            registry.forgetAtOnce(carried.content.repository ?? name, digest)
        }
        if let notifications, let event = carried.content.event, event.action == .pull, exchange.outcome == .complete {
            notifications.recordLater(event)
        }
        if let audit, let record = AuditRecord(exchange, carried.content, authorizer.access.users) {
            audit.record(record)
        }
    }
}
