import CCurl

extension CurlError {
    /// What libcurl's code does not say.
    struct Circumstances {
        /// The connection, TLS included, stood.
        var isConnected = false
        /// The URL is an `https` one.
        var isSecure = false
        /// Where this scheme's proxy listens, if there is one.
        var proxy: CurlProxies.Address?
        /// The limit on the whole transfer is the one that ends an attempt to connect.
        var isTotalLimitFirst = false
    }

    /// - Parameter detail: libcurl's own words for the failure.
    init(_ result: CURLcode, detail: String, _ circumstances: Circumstances, host: String) {
        let words = Self.printable(detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail)
        self.init(Self.code(result, detail: words, circumstances), words, host: host)
    }

    private static func code(_ result: CURLcode, detail: String, _ circumstances: Circumstances) -> Code {
        switch result {
        case CURLE_URL_MALFORMAT: .invalidRequest
        case CURLE_UNSUPPORTED_PROTOCOL where !circumstances.isConnected: .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST: .resolve
        case CURLE_COULDNT_CONNECT:
            // Whether the proxy was to be used, or the host is an exception, only the message tells: older versions
            // name the proxy in the place of the host, newer ones say "via".
            if let proxy = circumstances.proxy,
                detail.contains("to \(proxy.host) port \(proxy.port) ") || detail.contains(" via \(proxy.host)")
            {
                .proxy
            } else {
                .connect
            }
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: .proxy
        case CURLE_OPERATION_TIMEDOUT:
            if detail.contains("too slow") {
                .stalled
            } else if circumstances.isConnected || circumstances.isTotalLimitFirst {
                .timedOut
            } else {
                .connectTimeout
            }
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS: .tls(.verification)
        case CURLE_SSL_CERTPROBLEM: .tls(.clientCertificate)
        case CURLE_SSL_CACERT_BADFILE: .tls(.trustRoots)
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_SSL_CONNECT_ERROR:
            // With TLS 1.3 a server rejects the client's certificate only after the client's handshake is done.
            if circumstances.isSecure, detail.contains("alert"), detail.contains("certificate") {
                .tls(.clientCertificate)
            } else if detail.contains("CONNECT") {
                .proxy
            } else if result == CURLE_SSL_CONNECT_ERROR {
                .tls(.handshake)
            } else {
                .cutShort
            }
        case CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND: .tls(.handshake)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM: .cutShort
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .invalidResponse
        default: .other(Int(result.rawValue))
        }
    }

    /// libcurl quotes what the server sent in some messages: keep one bounded printable line, and of anything
    /// that looks like a URL only the part before its query.
    private static func printable(_ text: String) -> String {
        let bytes = text.utf8.prefix(240).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }
        let line = String(decoding: bytes, as: UTF8.self)
        guard line.contains("://"), let query = line.firstIndex(of: "?") else { return line }
        return String(line[..<query])
    }
}
