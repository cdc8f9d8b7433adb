internal import Coordination
internal import CurlClient
internal import FoundationEssentials
internal import NIOConcurrencyHelpers
internal import NIOCore
public import OCI
public import Upstream

/// Gets what other replicas are fetching.
public final class PeerClient: Sendable {
    public enum Answer: Sendable {
        /// - Parameter isVouched: The repository's own upstream is known to hold it.
        case content(UpstreamBlob, isVouched: Bool)
        /// The upstream has refused it to the same repository.
        case refused(RegistryError)
        /// It does not fetch this.
        case notOwner
        case unreachable(UpstreamError)
    }

    public static let path = "/_entrepot/cluster/fills/"
    /// Response field: whether an upstream of the repository that is asked for vouched for the content.
    public static let vouchedField = "Entrepot-Vouched"
    private static let mostErrorBytes = 16 << 10

    private let curl = CurlClient(proxies: .none)
    private let replica: Replica
    private let now: @Sendable () -> Int64

    /// - Parameter now: Seconds since 1970.
    public init(_ replica: Replica, now: @escaping @Sendable () -> Int64) {
        self.replica = replica
        self.now = now
    }

    /// The content that `owner` is fetching, from `offset` on or from its beginning.
    ///
    /// - Parameter repository: On whose behalf.
    public func blob(
        _ digest: Digest, for repository: RepositoryName, of owner: FillOwner, from offset: Int64
    ) async -> Answer {
        guard let secret = replica.secret else { return .notOwner }
        let target = "\(Self.path)\(digest)?repository=\(repository)"
        let range = offset > 0 ? "bytes=\(offset)-" : nil
        var request = CurlRequest(url: owner.address + target)
        request.headers.append("Authorization", PeerProof.field(secret, "GET", target, range, now: now()))
        if let range { request.headers.append("Range", range) }
        request.settings.stall = CurlSettings.StallLimit(bytesPerSecond: 1, window: replica.leases.life)
        request.settings.connectTimeout = min(.seconds(3), replica.leases.life)
        if let bundle = replica.caBundle { request.settings.trustRoots = .bundle(bundle) }
        let answer: CurlResponse
        do throws(CurlError) { answer = try await curl.execute(request) } catch {
            return .unreachable(Self.failure(owner, error))
        }
        let isVouched = answer.headers[Self.vouchedField] == "1"
        switch answer.status {
        case 200: return .content(Self.content(answer, owner, at: 0, total: answer.contentLength), isVouched: isVouched)
        case 206:
            guard let sent = answer.headers["Content-Range"].flatMap({ ContentRange($0) }), let total = sent.total,
                sent.bytes.lowerBound == offset, sent.bytes.upperBound + 1 == total,
                answer.contentLength == sent.length
            else { return .unreachable(UpstreamError(.invalidResponse, "\(owner.address) sent another part")) }
            return .content(Self.content(answer, owner, at: offset, total: total), isVouched: isVouched)
        default:
            // Whatever else it may be that failed there, its name service, its proxy or its own limits, may work here.
            let isUpstreams = isVouched && [401, 403, 404].contains(answer.status)
            guard isUpstreams, let error = await Self.refusal(answer) else {
                let isOwner = answer.status != 404 && answer.status != 409
                return isOwner
                    ? .unreachable(
                        UpstreamError(.unavailable(status: answer.status), Self.sentence(owner, answer.status))
                    )
                    : .notOwner
            }
            return .refused(error)
        }
    }

    private static func sentence(_ owner: FillOwner, _ status: Int) -> String {
        let remedy = status == 401 ? "; clocks of both must agree to a minute, and secrets altogether" : ""
        return "\(owner.address) answered \(status)\(remedy)"
    }

    private static func content(
        _ answer: CurlResponse, _ owner: FillOwner, at offset: Int64, total: Int64?
    ) -> UpstreamBlob {
        let received = NIOLockedValueBox<Int64>(offset)
        let body = answer.body
        return UpstreamBlob(
            totalSize: total, offset: offset,
            body: UpstreamBody { () async throws(UpstreamError) in
                var iterator = body.makeAsyncIterator()
                let piece: ByteBuffer?
                do throws(CurlError) { piece = try await iterator.next(isolation: #isolation) } catch {
                    throw failure(owner, error)
                }
                let end = received.withLockedValue { received in
                    received += Int64(piece?.readableBytes ?? 0)
                    return received
                }
                guard piece != nil || end == total ?? end else {
                    throw UpstreamError(.cutShort, "\(owner.address) broke off its answer")
                }
                return piece
            })
    }

    /// What the upstream of the other replica said; nil if that is not what the answer is.
    private static func refusal(_ answer: CurlResponse) async -> RegistryError? {
        guard let body = try? await answer.body.collect(upTo: mostErrorBytes),
            let error = try? JSONDecoder().decode(Refusal.self, from: Data(body.readableBytesView)).errors.first,
            let code = RegistryError.Code(rawValue: error.code)
        else { return nil }
        return RegistryError(
            code, status: answer.status, error.message, retryAfter: answer.headers["Retry-After"].flatMap { Int($0) })
    }

    private struct Refusal: Decodable {
        struct Entry: Decodable {
            let code: String
            let message: String
        }

        let errors: [Entry]
    }

    private static func failure(_ owner: FillOwner, _ error: CurlError) -> UpstreamError {
        let kind: UpstreamError.Kind =
            switch error.code {
            case .cancelled: .cancelled
            case .cutShort: .cutShort
            case .stalled, .timedOut, .connectTimeout: .timedOut
            default: .refused
            }
        return UpstreamError(kind, "the replica at \(owner.address) cannot be followed", cause: error)
    }
}
