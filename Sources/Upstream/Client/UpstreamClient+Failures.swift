import CurlClient
import FoundationEssentials
import NIOCore

/// What a registry itself says of an error: the first entry of the specification's error JSON, made fit for a log.
struct UpstreamAnswerError: Error, CustomStringConvertible {
    let status: Int
    let code: String?
    let message: String?

    var description: String {
        (["status \(status)"] + [code, message].compactMap { $0 }).joined(separator: ", ")
    }

    init(status: Int, body: ByteBuffer?) {
        self.status = status
        let first = body.flatMap { body in
            try? JSONDecoder().decode(Body.self, from: Data(body.readableBytesView)).errors?.first
        }
        code = first?.code.map { Self.printable($0, 64) }
        message = first?.message.map { Self.printable($0, 256) }
    }

    private struct Body: Decodable {
        struct Entry: Decodable {
            let code: String?
            let message: String?
        }

        let errors: [Entry]?
    }

    private static func printable(_ text: String, _ length: Int) -> String {
        String(
            decoding: text.utf8.prefix(length).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") },
            as: UTF8.self)
    }
}

extension UpstreamClient {
    package func invalid(_ what: String, cause: (any Error)? = nil) -> UpstreamError {
        UpstreamError(.invalidResponse, "\(name) \(what)", cause: cause)
    }

    /// An answer of a status that the asker does not understand.
    ///
    /// - Parameter away: Whose answer it is, if the upstream led us there.
    func failure(_ answer: CurlResponse, from away: AbsoluteURL.Origin? = nil) async -> UpstreamError {
        let body = try? await answer.body.collect(upTo: Self.errorBodyLimit)
        let kind: UpstreamError.Kind =
            switch answer.status {
            case 401: .unauthorized
            case 403, 451: .denied
            case 404, 410: .notFound
            case 416: .rangeNotSatisfiable
            case 429:
                .rateLimited(retryAfter: retryAfter(answer))
            case 500...599: .unavailable(status: answer.status)
            default: .invalidResponse
            }
        return UpstreamError(
            kind, "\(place(away?.authority)) answered \(answer.status)",
            cause: UpstreamAnswerError(status: answer.status, body: body))
    }

    func failure(_ error: CurlError) -> UpstreamError {
        let (kind, what): (UpstreamError.Kind, String) =
            switch error.code {
            case .resolve: (.resolve, "cannot be found: its name does not resolve")
            case .connect: (.refused, "cannot be connected to")
            case .proxy: (.refused, "cannot be reached through the proxy")
            case .refusedAddress:
                (
                    .invalidResponse,
                    "is at an address where it is not asked: link-local, or private where the upstream is not; "
                        + "if it is meant, set allow_private_redirects = true for the upstream"
                )
            case .connectTimeout: (.timedOut, "did not accept a connection in time")
            case .stalled: (.timedOut, "stopped sending")
            case .timedOut: (.timedOut, "did not answer in time")
            case .tls(.verification): (.tls, "has a certificate that is not trusted")
            case .tls(.handshake): (.tls, "failed the TLS handshake")
            case .tls(.clientCertificate): (.tls, "wants a client certificate that is missing or unusable")
            case .tls(.trustRoots): (.tls, "cannot be verified: its CA bundle cannot be read")
            case .cutShort: (.cutShort, "broke off its answer")
            case .tooLarge: (.tooLarge, "sent a larger answer than allowed")
            case .tooManyHeaders: (.invalidResponse, "sent too many headers")
            case .invalidResponse: (.invalidResponse, "sent an answer that is not HTTP")
            case .invalidRequest: (.invalidResponse, "leads to a URL that cannot be asked")
            case .cancelled: (.cancelled, "is not waited for any more")
            case .other: (.invalidResponse, "failed in an unusual way")
            }
        return UpstreamError(kind, "\(place(error.host)) \(what)", cause: error)
    }

    /// Who is to blame: the upstream, or a host that it leads to.
    private func place(_ host: String?) -> String {
        host.map { $0 == name ? name : "\(name), leading to \($0)," } ?? name
    }
}
