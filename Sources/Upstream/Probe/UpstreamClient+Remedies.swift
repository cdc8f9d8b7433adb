import CurlClient

extension UpstreamClient {
    static let reachability =
        "see that host and port in url are right, that the registry runs, and that no firewall stands between; "
        + "where a proxy has to be used, set HTTPS_PROXY"
    static let helperRemedy = "run the credential helper by hand as the user that Entrepot runs as"

    /// What to do about a connection that failed.
    static func remedy(_ error: CurlError) -> String {
        switch error.code {
        case .resolve:
            return "correct the host in url, or the name servers of this machine; where a proxy has to be used, set "
                + "HTTPS_PROXY"
        case .refusedAddress:
            return "correct the host in url: its name means a link-local address"
        case .proxy:
            return "correct HTTPS_PROXY or HTTP_PROXY, or except the host with NO_PROXY"
        case .tls(.verification):
            if error.message.contains("expired") { return "the upstream's certificate has to be renewed there" }
            if error.message.contains("subject name") || error.message.contains("does not match") {
                return "write the name in url that the certificate is for"
            }
            return "if the authority that issued it is to be trusted, name its PEM file in server_ca_bundle"
        case .tls(.handshake):
            return "see that this port speaks TLS 1.2 or later; where it speaks none, write http:// in url"
        case .tls(.clientCertificate):
            return "give it a certificate that it accepts: client_certificate and client_private_key"
        case .tls(.trustRoots):
            return "see that the file of server_ca_bundle holds certificates in PEM form"
        case .connectTimeout, .timedOut, .stalled:
            return reachability + "; a slow line needs a longer connect_timeout"
        default:
            return reachability
        }
    }

    /// What to do about an answer.
    static func remedy(_ error: UpstreamError, hasCredentials: Bool = false) -> String {
        if let cause = error.cause as? CurlError { return remedy(cause) }
        switch error.kind {
        case .unauthorized where hasCredentials:
            return "correct username and password; try them with 'skopeo login'"
        case .unauthorized:
            return "give it username and password_file, if the repository is private; many registries also say this of "
                + "one that does not exist"
        case .denied:
            return "let the account read this repository, at the upstream"
        case .notFound:
            return "correct the repository or the tag; a path in url goes before every name"
        case .rateLimited:
            return "wait, or use an account with a higher limit"
        case .unavailable:
            return "the upstream has a fault of its own; try later, or add a second upstream"
        case .redirectLoop, .invalidResponse:
            return "see that url leads to a registry, with the right scheme and path"
        default:
            return reachability
        }
    }

    /// Challenges as text; what they hold is the server's choice.
    static func describe(_ challenges: [Challenge]) -> String {
        guard !challenges.isEmpty else { return "nothing that can be understood" }
        return challenges.map { challenge in
            let realm = challenge.parameters["realm"].map { " from \(printable($0))" } ?? ""
            return challenge.scheme == "bearer" ? "a token\(realm)" : "\(printable(challenge.scheme))\(realm)"
        }.joined(separator: ", or ")
    }

    private static func printable(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix { $0 != UInt8(ascii: "?") }.prefix(200)
                .map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
    }
}
