import HTTPServer
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Testing

@testable import DistributionAPI
@testable import HTTPServer

/// What is charged to an address.
@Suite struct LimitedAPITests {
    private struct Behind: RequestHandler {
        func respond(to request: Request) async -> Response { Response(status: .ok) }
        func refuse(_ refusal: RequestError, requestID: String) -> Response { Response(status: .badRequest) }
    }

    private let address = try? SocketAddress(ipAddress: "192.0.2.1", port: 1)

    private func request(announcing count: Int64?) -> Request {
        Request(
            id: "1",
            head: RequestHead(
                method: .PATCH, target: "/v2/a/blobs/uploads/x", path: "/v2/a/blobs/uploads/x", query: nil,
                headers: [:],
                isVersion10: false, framing: count.map { .length($0) } ?? .chunked, keepsAlive: true,
                expectsContinue: false, requestID: nil), body: RequestBody(source: .none, length: count),
            clientAddress: address,
            isSecure: false, forwarding: .unconfigured, clientCertificates: [])
    }

    private func exchange(_ request: Request, sent: Int64, received: Int64) -> Exchange {
        Exchange(
            request: request, requestID: "1", status: .ok, bytesSent: sent, bytesReceived: received, nanoseconds: 1,
            firstByteNanoseconds: 1, outcome: .complete, clientAddress: request.clientAddress, note: nil)
    }

    @Test(arguments: [
        // What a client says counts for nothing, and what it sends without saying so does.
        (Int64?.some(100_000_000_000_000_000), Int64(0), Int64(0), HTTPResponseStatus.ok),
        (nil, 0, 2000, .tooManyRequests),
        (2000, 0, 2000, .tooManyRequests), (0, 2000, 0, .tooManyRequests), (nil, 500, 500, .ok),
    ])
    func bytesThatMovedAreCharged(
        announced: Int64?, sent: Int64, received: Int64, next: HTTPResponseStatus
    ) async {
        let now = NIODeadline.now()
        let limits = ClientLimits(
            ClientLimits.Settings(address: ClientLimits.Share(bytes: ClientLimits.Rate(perSecond: 100, burst: 1000)))
        ) { now }
        let api = LimitedAPI(next: Behind(), limits: limits)
        let request = request(announcing: announced)
        #expect(await api.respond(to: request).status == .ok)
        api.finished(exchange(request, sent: sent, received: received))
        #expect(await api.respond(to: request).status == next)
    }
}
