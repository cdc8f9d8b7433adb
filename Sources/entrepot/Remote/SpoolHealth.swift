import HTTPServer
import NIOCore
import NIOHTTP1
import Transfer

/// `/live` and `/ready` for who runs `entrepot spool` in a container; `/healthz` and `/readyz` are the same, as a server has them.
struct SpoolHealth: RequestHandler {
    let spooler: Spooler

    func respond(to request: Request) async -> Response {
        guard request.method == .GET || request.method == .HEAD else {
            var response = Self.answer(.methodNotAllowed, "only GET and HEAD are answered here")
            response.headers.add(name: "Allow", value: "GET, HEAD")
            return response
        }
        return switch request.path {
        case "/live", "/healthz": Self.answer(.ok, "alive")
        case "/ready", "/readyz":
            spooler.isReady
                ? Self.answer(.ok, "ready") : Self.answer(.serviceUnavailable, "the folder cannot be looked at")
        default: Self.answer(.notFound, "here are /live and /ready only")
        }
    }

    func refuse(_ refusal: RequestError, requestID: String) -> Response {
        Self.answer(refusal.status, refusal.status.reasonPhrase)
    }

    private static func answer(_ status: HTTPResponseStatus, _ text: String) -> Response {
        Response(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"],
            body: .bytes(ByteBuffer(string: text + "\n")))
    }
}
