internal import Cluster
public import HTTPServer
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import OCI
public import Registry

/// What replicas tell each other: the content that this one is fetching, as it grows, to who proves to know the cluster's
/// secret. Opens nothing else, and nothing to anybody else.
public struct ClusterAPI: RequestHandler {
    private let next: any RequestHandler
    private let registry: Registry
    private let logger: Logger
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - next: What answers all other paths.
    ///   - now: Seconds since 1970.
    public init(
        next: any RequestHandler, registry: Registry, logger: Logger, now: @escaping @Sendable () -> Int64
    ) {
        self.next = next
        self.registry = registry
        self.logger = logger
        self.now = now
    }

    // Nothing here is answered so: what is at this path takes its time.
    public func respondAtOnce(to request: Request) -> Response? { next.respondAtOnce(to: request) }

    public func respond(to request: Request) async -> Response {
        guard request.path.hasPrefix(PeerClient.path) else { return await next.respond(to: request) }
        do throws(RegistryError) {
            return try await answer(request)
        } catch {
            var note = RequestNote()
            note.error = error
            var response = ErrorResponse.make(error)
            response.requestNote = note
            return response
        }
    }

    private func answer(_ request: Request) async throws(RegistryError) -> Response {
        let range = request.headers.first(name: "Range")
        guard request.method == .GET, let secret = registry.replica.secret,
            PeerProof.isShown(
                by: request.headers.first(name: "Authorization"), secret, "GET", request.target, range, now: now())
        else { throw RegistryError(.unauthorized, "this is for the other replicas of this registry") }
        guard let digest = Digest(request.path.dropFirst(PeerClient.path.utf8.count)),
            let repository = try Query(request.query)["repository"].flatMap({ RepositoryName($0) })
        else { throw RegistryError(.nameInvalid, "digest or repository is malformed") }
        guard
            let (outcome, isVouched) = await registry.blobForReplica(
                repository, digest, range: range.flatMap { ByteRange(header: $0) })
        else { throw RegistryError(.blobUnknown, "this replica does not fetch \(digest)") }
        var headers: HTTPHeaders = [PeerClient.vouchedField: isVouched ? "1" : "0", "Cache-Control": "no-store"]
        switch outcome {
        case .failure(let error):
            var response = ErrorResponse.make(error)
            response.headers.add(contentsOf: headers)
            return response
        case .success(let answer):
            headers.add(name: "Content-Type", value: MediaType.octetStream.value)
            if answer.isOutOfRange { return Response(status: .rangeNotSatisfiable, headers: headers) }
            guard let part = answer.range, let size = answer.size else {
                return Response(status: .ok, headers: headers, body: DistributionAPI.body(answer))
            }
            headers.add(name: "Content-Range", value: "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)")
            return Response(status: .partialContent, headers: headers, body: DistributionAPI.body(answer))
        }
    }

    public func refuse(_ refusal: RequestError, requestID: String) -> Response {
        next.refuse(refusal, requestID: requestID)
    }

    public func finished(_ exchange: Exchange) { next.finished(exchange) }
}
