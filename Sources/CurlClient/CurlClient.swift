/// An HTTP client over libcurl: pooled connections, HTTP/2 over TLS, proxies, client certificates, time and size limits,
/// back-pressure. It follows no redirect, decodes no content encoding, keeps no cookie and retries nothing.
///
/// One thread of its own does all the work; it starts with the first request. `shutdown()` ends it; so does dropping the
/// client. Bodies of requests are sent from memory.
public final class CurlClient: Sendable {
    private let thread: CurlThread
    private let proxies: CurlProxies

    public convenience init(proxies: CurlProxies = .environment()) {
        self.init(proxies: proxies, thread: CurlThread())
    }

    init(proxies: CurlProxies, thread: CurlThread) {
        self.proxies = proxies
        self.thread = thread
    }

    deinit {
        thread.stop()
    }

    /// Sends the request and returns once the head of the final (not 1xx) answer is there.
    /// Cancelling the task ends the transfer with `.cancelled`.
    public func execute(_ request: CurlRequest) async throws(CurlError) -> CurlResponse {
        guard let authority = request.authority else {
            throw CurlError(.invalidRequest, "not an http or https URL that can be asked", host: "?")
        }
        guard let headerLines = request.headerLines else {
            throw CurlError(.invalidRequest, "a header has an illegal name or value", host: authority)
        }
        guard !Task.isCancelled else { throw CurlError(.cancelled, "the task was cancelled", host: authority) }
        let mailbox = thread.start(request, headerLines: headerLines, authority: authority, proxies: proxies)
        let head = try await mailbox.head()
        return CurlResponse(
            status: head.status, version: head.version, headers: head.headers,
            body: CurlBody(mailbox, expected: request.method == .head ? nil : head.contentLength),
            peerRanges: head.peerRanges)
    }

    /// Connects as `execute(_:)` would for this request, on a connection of its own, sends nothing and tells what happened.
    /// Blocks for as long as that takes.
    public func connection(for request: CurlRequest) -> CurlConnectionReport {
        guard let authority = request.authority else {
            return CurlConnectionReport(
                error: CurlError(.invalidRequest, "not an http or https URL that can be asked", host: "?"))
        }
        return CurlConnectionReport(request, authority, proxies)
    }

    /// Ends all transfers with `.cancelled` and returns when the thread has ended. Later requests fail alike.
    public func shutdown() async {
        thread.stop()
        await thread.stopped()
    }
}
