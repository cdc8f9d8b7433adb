package import CurlClient
import Metrics
import NIOConcurrencyHelpers
package import NIOCore
import Observability

extension UpstreamClient {
    /// Redirects and refusals up to this size are read, so that their connection can be used again.
    private static let drained = 16 << 10
    static let errorBodyLimit = 64 << 10

    /// Asks, authenticating as far as the upstream wants it, and returns an answer of an accepted status. A refusal of
    /// credentials that can be renewed is no refusal yet.
    package func send(_ ask: UpstreamRequest) async throws(UpstreamError) -> CurlResponse {
        guard let credentialSource else { return try await attempt(ask) }
        var client = self
        client.credentials = try await credentialSource.credentials()
        do throws(UpstreamError) {
            return try await client.attempt(ask)
        } catch {
            // Some registries say 403 when a password has expired.
            guard error.kind == .unauthorized || error.kind == .denied,
                let fresh = try await credentialSource.renewed(after: client.credentials)
            else { throw error }
            client.credentials = fresh
            return try await client.attempt(ask)
        }
    }

    private func attempt(_ ask: UpstreamRequest) async throws(UpstreamError) -> CurlResponse {
        let url = ask.url(at: endpoint)
        var authorization = try await knownAuthorization(ask.scope)
        var (answer, away) = try await follow(url, ask, authorization)
        if answer.status == 401, away == nil {
            let challenges = Challenge.parse(answer.headers.all("WWW-Authenticate"))
            await drain(answer)
            authorization = try await self.authorization(answering: challenges, ask.scope, refused: authorization)
            (answer, away) = try await follow(url, ask, authorization)
        }
        // What the other says is not about this one's limits.
        if away == nil { note(answer, ask.family) }
        if case .basic = authorization, answer.status != 401 { takesBasic.withLockedValue { $0 = true } }
        guard ask.accepted.contains(answer.status) else { throw await failure(answer, from: away) }
        return answer
    }

    /// What the upstream itself says of its limits.
    private func note(_ answer: CurlResponse, _ family: RateBudget.Family) {
        guard let budget else { return }
        budget.note(answer.headers, now: now())
        if answer.status == 429 {
            budget.refused(family, retryAfter: retryAfter(answer), now: now())
        } else {
            budget.answered(family)
        }
    }

    func retryAfter(_ answer: CurlResponse) -> Int? {
        answer.headers["Retry-After"].flatMap { RetryAfter.seconds($0, now: now()) }
    }

    private func follow(
        _ url: AbsoluteURL, _ ask: UpstreamRequest, _ authorization: Authorization
    ) async throws(UpstreamError) -> (CurlResponse, away: AbsoluteURL.Origin?) {
        try await follow(
            url, ask.method, ask.headers, ask.body, authorization: authorization.header, isWhole: ask.isWhole
        ) {
            // Whatever comes of it: who says where to go takes requests.
            budget?.answered(ask.family)
        }
    }

    /// Asks the URL and wherever it leads.
    ///
    /// - Parameter redirected: Called when it leads somewhere.
    /// - Returns: The first answer that is no redirect, and whether it came from somewhere else than `url`'s origin. What
    ///   has once been away gets no credentials any more, even if it is led back: the path is then not ours.
    func follow(
        _ url: AbsoluteURL, _ method: CurlRequest.Method, _ headers: CurlHeaders, _ body: UpstreamRequest.Body? = nil,
        authorization: String?, isWhole: Bool, redirected: () -> Void = {}
    ) async throws(UpstreamError) -> (CurlResponse, away: AbsoluteURL.Origin?) {
        var current = url
        var visited: Set = [url]
        var isAway = false
        while true {
            var headers = headers
            headers.set("User-Agent", userAgent)
            if let authorization, !isAway { headers.set("Authorization", authorization) }
            let isHome = !isAway && current.origin == endpoint.origin
            if isHome, Traces.isOn, let place = TraceContext.current {
                headers.set("traceparent", place.parent)
                if let state = place.passedState { headers.set("tracestate", state) }
            }
            let answer: CurlResponse
            do throws(CurlError) {
                var request = CurlRequest(
                    url: current.text, method: method, headers: headers,
                    settings: curlSettings(isHome: isHome, isWhole: isWhole))
                body?.put(into: &request)
                answer = try await curl.execute(request)
            } catch {
                throw failure(error)
            }
            if isHome { ownRanges.withLockedValue { $0 = answer.peerRanges } }
            guard [301, 302, 303, 307, 308].contains(answer.status) else {
                return (answer, isAway ? current.origin : nil)
            }
            if !isAway { redirected() }
            await drain(answer)
            // Only these say that the same is to be sent again (RFC 9110, section 15.4).
            guard method == .get || method == .head || answer.status == 307 || answer.status == 308 else {
                throw invalid("redirects a request that changes something")
            }
            guard let next = answer.headers["Location"].flatMap({ current.resolving($0) }) else {
                throw invalid("redirects to nowhere")
            }
            guard body?.isSecret != true || next.origin == url.origin else {
                throw invalid("redirects a login to another host, which is refused")
            }
            guard next.origin.isSecure || !current.origin.isSecure else {
                throw invalid("redirects from https to http, which is refused")
            }
            guard !next.origin.isLinkLocal || next.origin == endpoint.origin else {
                throw invalid("redirects to a link-local address, which is refused")
            }
            guard visited.count <= settings.maxRedirects, visited.insert(next).inserted else {
                throw UpstreamError(.redirectLoop, "\(name) redirects in circles or too often")
            }
            if next.origin != url.origin { isAway = true }
            current = next
        }
    }

    /// Reads what little there is of an answer nobody needs.
    package func drain(_ answer: CurlResponse) async {
        guard let length = answer.contentLength, length <= Int64(Self.drained) else { return }
        // Only the connection's reuse is at stake.
        _ = try? await answer.body.collect(upTo: Self.drained)
    }

    /// All of an answer, decoded where it is compressed.
    ///
    /// - Parameter limit: Bytes, as sent and as decoded.
    package func whole(_ answer: CurlResponse, upTo limit: Int) async throws(UpstreamError) -> ByteBuffer {
        if Self.isCompressed(answer) {
            let body = try decoded(
                answer, UpstreamBody { () async throws(UpstreamError) in try await piece(of: answer) })
            var whole = ByteBuffer()
            while var piece = try await body.next() {
                guard whole.readableBytes + piece.readableBytes <= limit else {
                    throw UpstreamError(.tooLarge, "\(name) sent an answer that grows beyond \(limit) bytes")
                }
                whole.writeBuffer(&piece)
            }
            return whole
        }
        do throws(CurlError) {
            let bytes = try await answer.body.collect(upTo: limit)
            bytesReceived.increment(by: bytes.readableBytes)
            pass?.charge(bytes.readableBytes)
            return bytes
        } catch {
            throw failure(error)
        }
    }

    private func piece(of answer: CurlResponse) async throws(UpstreamError) -> ByteBuffer? {
        var iterator = answer.body.makeAsyncIterator()
        do throws(CurlError) {
            let piece = try await iterator.next(isolation: #isolation)
            let size = piece?.readableBytes ?? 0
            bytesReceived.increment(by: size)
            pass?.charge(size)
            return piece
        } catch {
            throw failure(error)
        }
    }

    /// What is in a compressed body. Nobody asked for it, but some registries and the proxies before them compress what
    /// they take for text.
    func decoded(_ answer: CurlResponse, _ body: UpstreamBody) throws(UpstreamError) -> UpstreamBody {
        guard let decoder = ContentDecoder(Self.encodings(answer)) else {
            throw invalid("sent content in a coding that is not understood and was not asked for")
        }
        return UpstreamBody { () async throws(UpstreamError) in
            while true {
                do throws(ContentDecodingError) {
                    if let piece = try decoder.next() { return piece }
                } catch {
                    throw invalid("sent compressed content that is damaged")
                }
                guard let more = try await body.next() else {
                    guard decoder.isAtEnd else {
                        throw UpstreamError(.cutShort, "\(name) broke off compressed content")
                    }
                    return nil
                }
                decoder.feed(more)
            }
        }
    }

    func curlSettings(isHome: Bool, isWhole: Bool) -> CurlSettings {
        let trust = settings.authorityBundle.map { path in
            isHome ? CurlSettings.TrustRoots.bundle(path) : .bundleAndSystem(path)
        }
        return CurlSettings(
            trustRoots: trust ?? .system, clientIdentity: isHome ? settings.clientIdentity : nil,
            connectTimeout: settings.connectTimeout,
            stall: CurlSettings.StallLimit(bytesPerSecond: 128, window: settings.stallTimeout),
            totalTimeout: isWhole ? settings.answerTimeout : nil,
            refusedRanges: refusedRanges(isHome: isHome),
            receiveBufferSize: isWhole ? 32 << 10 : 256 << 10, readAhead: readAhead)
    }

    /// Where nothing is asked: a name may mean any address, and who controls it may want us to ask our own neighbours.
    private func refusedRanges(isHome: Bool) -> AddressRanges {
        // Whoever wrote such an address into the configuration meant it.
        if isHome { return endpoint.origin.isLinkLocal ? [] : .linkLocal }
        if settings.allowsPrivateRedirects { return .linkLocal }
        return AddressRanges.all.subtracting(ownRanges.withLockedValue { $0 } ?? []).union(.linkLocal)
    }

    /// A transfer that is held to a rate gets no further ahead than a quarter of a second at this rate, in steps in which
    /// bytes come anyway.
    private var readAhead: Int {
        guard let rate = pass?.rate else { return CurlSettings.usualReadAhead }
        return min(max(rate / 4, 256 << 10), CurlSettings.usualReadAhead)
    }
}
