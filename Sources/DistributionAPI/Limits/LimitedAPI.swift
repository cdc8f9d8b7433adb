internal import Access
public import HTTPServer
internal import NIOHTTP1
internal import OCI

/// Stands before everything that clients ask for, and holds each address to its share.
public struct LimitedAPI: RequestHandler {
    /// Never refused: who watches the server must see it also when it has much to do.
    private static let probes: Set<String> = ["/healthz", "/readyz", "/startupz", MetricsAPI.path]

    private let next: any RequestHandler
    private let limits: ClientLimits

    public init(next: any RequestHandler, limits: ClientLimits) {
        self.next = next
        self.limits = limits
    }

    public func respond(to request: Request) async -> Response {
        if let refusal = refusal(request) { return refusal }
        return await next.respond(to: request)
    }

    public func respondAtOnce(to request: Request) -> Response? {
        // Asked first: what is not answered here is counted when it is.
        guard let response = next.respondAtOnce(to: request) else { return nil }
        return refusal(request) ?? response
    }

    /// Nil for a request within the limits, which is counted.
    private func refusal(_ request: Request) -> Response? {
        guard let party = Self.party(request), let seconds = limits.admit(party) else { return nil }
        let error = RegistryError.overLimit("address", seconds)
        var response = ErrorResponse.make(error)
        var note = RequestNote()
        note.error = error
        response.requestNote = note
        return response
    }

    public func refuse(_ refusal: RequestError, requestID: String) -> Response {
        next.refuse(refusal, requestID: requestID)
    }

    public func finished(_ exchange: Exchange) {
        if let request = exchange.request, let party = Self.party(request) { limits.charge(party, exchange.bytesMoved) }
        next.finished(exchange)
    }

    private static func party(_ request: Request) -> ClientLimits.Party? {
        guard !probes.contains(request.path), let address = request.clientAddress.flatMap({ ClientAddress($0) }) else {
            return nil
        }
        return .address(address.host)
    }
}

extension Exchange {
    /// Bytes of both bodies.
    var bytesMoved: Int64 { bytesSent + bytesReceived }
}

extension RegistryError {
    static func overLimit(_ party: String, _ seconds: Int) -> RegistryError {
        RegistryError(
            .tooManyRequests, "this \(party) asks for more than it may; try again in \(seconds) seconds",
            retryAfter: seconds)
    }
}
