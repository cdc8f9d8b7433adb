import CCurl

/// What happened when a host was connected to.
public struct CurlConnectionReport: Sendable {
    /// As the server showed it, whether it could be verified or not. Text of the server's choosing, made printable.
    public struct Certificate: Sendable, Hashable {
        public var subject: String
        public var issuer: String
        /// Its last day and time.
        public var expiry: String
    }

    /// What was connected to, or tried last, as `address:port`: the host, or the proxy before it.
    public private(set) var address: String?
    /// Time since the start after which each was done; nil if it was not.
    public private(set) var lookedUp: Duration?
    public private(set) var connected: Duration?
    public private(set) var secured: Duration?
    /// Nil without TLS.
    public private(set) var certificate: Certificate?
    /// Nil if all went well.
    public private(set) var error: CurlError?

    init(error: CurlError?) {
        self.error = error
    }

    init(_ request: CurlRequest, _ authority: String, _ proxies: CurlProxies) {
        guard let easy = curl_easy_init() else {
            self.init(error: CurlError(.other(27), "libcurl is out of memory", host: authority))
            return
        }
        defer { curl_easy_cleanup(easy) }
        let error = Self.perform(easy, request, authority, proxies, isVerified: true)
        self.init(error: error)
        if let text = Self.string(easy, CURLINFO_PRIMARY_IP), !text.isEmpty {
            var port = 0
            _ = entrepot_getinfo_long(easy, CURLINFO_PRIMARY_PORT, &port)
            address = text.contains(":") ? "[\(text)]:\(port)" : "\(text):\(port)"
        }
        lookedUp = error?.code == .resolve ? nil : Self.time(easy, CURLINFO_NAMELOOKUP_TIME_T)
        connected = Self.time(easy, CURLINFO_CONNECT_TIME_T)
        secured = request.isSecure && error == nil ? Self.time(easy, CURLINFO_APPCONNECT_TIME_T) : nil
        certificate = Self.certificate(easy)
        guard case .tls(.verification)? = error?.code else { return }
        // Once more to see what it was that could not be verified; nothing of ours goes over this connection.
        var bare = request
        bare.settings.clientIdentity = nil
        curl_easy_reset(easy)
        _ = Self.perform(easy, bare, authority, proxies, isVerified: false)
        certificate = Self.certificate(easy)
    }

    private static func perform(
        _ easy: UnsafeMutableRawPointer, _ request: CurlRequest, _ authority: String, _ proxies: CurlProxies,
        isVerified: Bool
    ) -> CurlError? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CURL_ERROR_SIZE)) { text -> CurlError? in
            text.initialize(repeating: 0)
            var options = EasyOptions(easy: easy, host: authority)
            options.applyConnection(request, proxies, isVerified: isVerified, defaults: .shared)
            options.pointer(CURLOPT_ERRORBUFFER, text.baseAddress)
            if let failure = options.failure { return failure }
            let result = curl_easy_perform(easy)
            _ = entrepot_setopt_pointer(easy, CURLOPT_ERRORBUFFER, nil)
            guard result != CURLE_OK else { return nil }
            let detail = text.baseAddress.map { String(cString: $0) } ?? ""
            return CurlError(
                result, detail: detail,
                .init(isSecure: request.isSecure, proxy: proxies.address(secure: request.isSecure)), host: authority)
        }
    }

    private static func time(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> Duration? {
        var value: curl_off_t = 0
        _ = entrepot_getinfo_offset(easy, info, &value)
        return value > 0 ? .microseconds(Int64(value)) : nil
    }

    private static func string(_ easy: UnsafeMutableRawPointer, _ info: CURLINFO) -> String? {
        var value: UnsafePointer<CChar>?
        guard entrepot_getinfo_string(easy, info, &value) == CURLE_OK else { return nil }
        return value.map { String(cString: $0) }
    }

    /// The first of the chain: the server's own.
    private static func certificate(_ easy: UnsafeMutableRawPointer) -> Certificate? {
        var info: UnsafeMutablePointer<curl_certinfo>?
        guard entrepot_getinfo_certificates(easy, &info) == CURLE_OK, let info, info.pointee.num_of_certs > 0 else {
            return nil
        }
        var fields: [String: String] = [:]
        var next = info.pointee.certinfo[0]
        while let field = next?.pointee {
            next = field.next
            guard let data = field.data else { continue }
            let parts = String(cString: data).split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0])] = printable(parts[1]) }
        }
        return Certificate(
            subject: fields["Subject"] ?? "?", issuer: fields["Issuer"] ?? "?", expiry: fields["Expire date"] ?? "?")
    }

    private static func printable(_ text: Substring) -> String {
        String(
            decoding: text.utf8.prefix(200).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
    }
}
