public import HTTPServer
internal import NIOCore
internal import NIOHTTP1
internal import OCI
public import Observability

/// `/metrics`, `/healthz`, `/readyz` and `/startupz` on an address of their own: nothing of the registry can be reached there.
public struct MetricsAPI: RequestHandler {
    static let path = "/metrics"

    private let metrics: MetricsRegistry
    private let readiness: Readiness

    public init(metrics: MetricsRegistry, readiness: Readiness) {
        self.metrics = metrics
        self.readiness = readiness
    }

    public func respond(to request: Request) async -> Response {
        guard request.method == .GET || request.method == .HEAD else {
            return ErrorResponse.make(.wrongMethod(takes: [.GET, .HEAD]))
        }
        switch request.path {
        case Self.path: return Self.scrape(metrics, request)
        case "/healthz": return DistributionAPI.json("{}")
        case "/readyz": return DistributionAPI.readiness(readiness, showsChecks: true)
        case "/startupz":
            return DistributionAPI.json("{}", status: readiness.isStarted ? .ok : .serviceUnavailable)
        default:
            return ErrorResponse.make(
                RegistryError(.unsupported, status: 404, "here are /metrics, /healthz, /readyz and /startupz only"))
        }
    }

    public func refuse(_ refusal: RequestError, requestID: String) -> Response {
        ErrorResponse.make(RegistryError(.unsupported, status: Int(refusal.status.code), refusal.explanation))
    }

    static func scrape(_ metrics: MetricsRegistry, _ request: Request) -> Response {
        let format = MetricsText.Format(accept: request.headers.first(name: "Accept"))
        return Response(
            status: .ok, headers: ["Content-Type": format.contentType, "Cache-Control": "no-store"],
            body: .bytes(ByteBuffer(string: MetricsText(format).scrape(metrics))))
    }
}
