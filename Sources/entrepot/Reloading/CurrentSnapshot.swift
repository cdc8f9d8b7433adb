import HTTPServer
import NIOConcurrencyHelpers

/// The one place that changes when a configuration is taken on. Each request reads it once.
final class CurrentSnapshot: RequestHandler {
    private let box: NIOLockedValueBox<Snapshot>

    init(_ snapshot: Snapshot) {
        box = NIOLockedValueBox(snapshot)
    }

    var value: Snapshot { box.withLockedValue { $0 } }

    func replace(with snapshot: Snapshot) { box.withLockedValue { $0 = snapshot } }

    func respond(to request: Request) async -> Response { await value.handler.respond(to: request) }

    func respondAtOnce(to request: Request) -> Response? { value.handler.respondAtOnce(to: request) }

    func refuse(_ refusal: RequestError, requestID: String) -> Response {
        value.handler.refuse(refusal, requestID: requestID)
    }

    func finished(_ exchange: Exchange) { value.handler.finished(exchange) }
}
