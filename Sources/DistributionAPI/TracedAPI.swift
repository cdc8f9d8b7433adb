public import HTTPServer
internal import Instrumentation
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Observability
internal import Tracing

/// Stands before everything, where requests are traced: each has a span, within the trace that it came with, from its head
/// to the last byte of its answer.
public struct TracedAPI: RequestHandler {
    private struct Fields: Extractor {
        func extract(key: String, from headers: HTTPHeaders) -> String? { headers.first(name: key) }
    }

    private let next: any RequestHandler

    public init(next: any RequestHandler) { self.next = next }

    public func respond(to request: Request) async -> Response {
        let span = span(of: request)
        let response = await InstrumentationContext.withValue(span.context) { await next.respond(to: request) }
        return Self.marked(response, span)
    }

    public func respondAtOnce(to request: Request) -> Response? {
        // A span that does not end is not told to anybody.
        let span = span(of: request)
        let response = InstrumentationContext.withValue(span.context) { next.respondAtOnce(to: request) }
        return response.map { Self.marked($0, span) }
    }

    private func span(of request: Request) -> any Span {
        var context = InstrumentationContext.topLevel
        InstrumentationSystem.instrument.extract(request.headers, into: &context, using: Fields())
        return startSpan("\(request.method.rawValue)", context: context, ofKind: .server)
    }

    private static func marked(_ response: Response, _ span: any Span) -> Response {
        var response = response
        var note = response.requestNote ?? RequestNote()
        note.span = span
        response.requestNote = note
        return response
    }

    public func refuse(_ refusal: RequestError, requestID: String) -> Response {
        next.refuse(refusal, requestID: requestID)
    }

    public func finished(_ exchange: Exchange) {
        next.finished(exchange)
        guard let note = exchange.carriedNote?.content, let span = note.span else { return }
        defer { span.end() }
        guard span.isRecording else { return }
        let action = note.action?.name ?? "none"
        span.operationName = "\(exchange.method?.rawValue ?? "-") \(action)"
        span.updateAttributes { attributes in
            attributes["http.response.status_code"] = Int64(exchange.status.code)
            attributes["http.request.method"] = exchange.method?.rawValue ?? "-"
            attributes["http.response.body.size"] = exchange.bytesSent
            attributes["entrepot.action"] = action
            attributes["entrepot.request_id"] = exchange.requestID
            if let address = exchange.clientAddress?.ipAddress { attributes["client.address"] = address }
            if let repository = note.action?.repository { attributes["entrepot.repository"] = repository.value }
            if let reference = note.action?.reference { attributes["entrepot.reference"] = reference.description }
            if let digest = note.action?.digest { attributes["entrepot.digest"] = digest.description }
            if let cache = note.cache { attributes["entrepot.cache_status"] = cache }
        }
        guard exchange.status.code >= 500 || exchange.outcome == .failed else { return }
        span.setStatus(SpanStatus(code: .error, message: note.error?.description))
    }
}
