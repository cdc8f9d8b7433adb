import CCurl
import NIOCore

/// What libcurl was built with, asked once.
struct CurlDefaults: Sendable {
    let caFile: String?
    let caPath: String?

    static let shared: CurlDefaults = {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        let info = curl_version_info(entrepot_version_now)
        return CurlDefaults(
            caFile: info?.pointee.cainfo.map { String(cString: $0) },
            caPath: info?.pointee.capath.map { String(cString: $0) })
    }()
}

/// Sets options on an easy handle and remembers the first refusal.
struct EasyOptions {
    let easy: UnsafeMutableRawPointer
    let host: String
    private(set) var failure: CurlError?

    init(easy: UnsafeMutableRawPointer, host: String) {
        self.easy = easy
        self.host = host
    }

    mutating func long(_ option: CURLoption, _ value: Int) { check(entrepot_setopt_long(easy, option, value)) }
    mutating func string(_ option: CURLoption, _ value: String?) { check(entrepot_setopt_string(easy, option, value)) }
    mutating func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
        check(entrepot_setopt_pointer(easy, option, value))
    }
    mutating func seek(_ value: @escaping curl_seek_callback) { check(entrepot_setopt_seek(easy, value)) }
    mutating func openSocket(_ value: @escaping curl_opensocket_callback) {
        check(entrepot_setopt_opensocket(easy, value))
    }
    mutating func list(_ option: CURLoption, _ value: UnsafeMutablePointer<curl_slist>?) {
        check(entrepot_setopt_list(easy, option, value))
    }
    mutating func callback(_ option: CURLoption, _ value: @escaping CurlCallback) {
        check(entrepot_setopt_write(easy, option, value))
    }

    private mutating func check(_ result: CURLcode) {
        guard result != CURLE_OK, failure == nil else { return }
        failure = CurlError(result, detail: "", .init(), host: host)
    }

    mutating func apply(_ order: Transfer.Order, defaults: CurlDefaults) {
        let request = order.request
        string(CURLOPT_URL, request.url)
        string(CURLOPT_PROTOCOLS_STR, "http,https")
        long(CURLOPT_FOLLOWLOCATION, 0)
        long(CURLOPT_PATH_AS_IS, 1)
        long(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        long(CURLOPT_NOSIGNAL, 1)
        long(CURLOPT_TCP_KEEPALIVE, 1)
        long(CURLOPT_TCP_KEEPIDLE, 30)
        long(CURLOPT_TCP_KEEPINTVL, 15)
        apply(proxies: order.proxies, secure: request.isSecure)
        if let length = request.givenLength {
            apply(request.method, given: length)
        } else {
            apply(method: request.method, body: request.body)
        }
        apply(request.settings)
        applyTrust(request.settings, defaults: defaults)
    }

    /// For a handle that only connects.
    mutating func applyConnection(
        _ request: CurlRequest, _ proxies: CurlProxies, isVerified: Bool, defaults: CurlDefaults
    ) {
        string(CURLOPT_URL, request.url)
        string(CURLOPT_PROTOCOLS_STR, "http,https")
        long(CURLOPT_NOSIGNAL, 1)
        long(CURLOPT_CONNECT_ONLY, 1)
        long(CURLOPT_CERTINFO, 1)
        apply(proxies: proxies, secure: request.isSecure)
        apply(request.settings)
        applyTrust(request.settings, defaults: defaults)
        if !isVerified {
            long(CURLOPT_SSL_VERIFYPEER, 0)
            long(CURLOPT_SSL_VERIFYHOST, 0)
        }
    }

    /// The transfer gives the bytes when it is asked for them.
    private mutating func apply(_ method: CurlRequest.Method, given length: Int64) {
        long(CURLOPT_UPLOAD, 1)
        string(CURLOPT_CUSTOMREQUEST, method.rawValue)
        check(entrepot_setopt_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(length)))
        long(CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
    }

    private mutating func apply(method: CurlRequest.Method, body: ByteBuffer?) {
        switch method {
        case .get where body == nil: long(CURLOPT_HTTPGET, 1)
        case .head: long(CURLOPT_NOBODY, 1)
        default: string(CURLOPT_CUSTOMREQUEST, method.rawValue)
        }
        guard let body else { return }
        check(entrepot_setopt_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.readableBytes)))
        // Not copied: a part of an upload has many megabytes. The order holds the buffer, and with it these bytes at their
        // place, until the transfer is over; who writes to a buffer that is shared gets a copy.
        body.withUnsafeReadableBytes { bytes in
            pointer(CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        }
    }

    /// Set on every handle, an empty string for none: libcurl would read the environment itself otherwise.
    private mutating func apply(proxies: CurlProxies, secure: Bool) {
        string(CURLOPT_PROXY, (secure ? proxies.https : proxies.http) ?? "")
        string(CURLOPT_NOPROXY, proxies.exceptions ?? "")
        long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    }

    private mutating func apply(_ settings: CurlSettings) {
        long(CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeout.milliseconds)
        long(CURLOPT_LOW_SPEED_LIMIT, max(settings.stall.bytesPerSecond, 1))
        long(CURLOPT_LOW_SPEED_TIME, max(settings.stall.window.milliseconds / 1000, 1))
        if let totalTimeout = settings.totalTimeout { long(CURLOPT_TIMEOUT_MS, totalTimeout.milliseconds) }
        long(CURLOPT_BUFFERSIZE, min(max(settings.receiveBufferSize, 1 << 10), 512 << 10))
        if let rate = settings.sendRate {
            check(entrepot_setopt_offset(easy, CURLOPT_MAX_SEND_SPEED_LARGE, curl_off_t(max(rate, 1))))
        }
        long(CURLOPT_HTTP_VERSION, settings.allowsHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
    }

    private mutating func applyTrust(_ settings: CurlSettings, defaults: CurlDefaults) {
        long(CURLOPT_SSL_VERIFYPEER, 1)
        long(CURLOPT_SSL_VERIFYHOST, 2)
        long(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        // libcurl keeps the parsed authorities between connections only where there is a file and no directory;
        // parsing the system's costs 10 ms of CPU each time.
        long(CURLOPT_CA_CACHE_TIMEOUT, 300)
        switch settings.trustRoots {
        case .system:
            if defaults.caFile != nil { string(CURLOPT_CAPATH, nil) }
        case .bundle(let path):
            // These are few, and may be replaced while the server runs.
            long(CURLOPT_CA_CACHE_TIMEOUT, 0)
            string(CURLOPT_CAINFO, path)
            string(CURLOPT_CAPATH, nil)
        case .bundleAndSystem(let path):
            string(CURLOPT_CAINFO, path)
            string(CURLOPT_CAPATH, defaults.caPath)
        }
        if let identity = settings.clientIdentity {
            apply(identity.certificate, file: CURLOPT_SSLCERT, bytes: CURLOPT_SSLCERT_BLOB)
            apply(identity.privateKey, file: CURLOPT_SSLKEY, bytes: CURLOPT_SSLKEY_BLOB)
        }
    }

    private mutating func apply(
        _ pem: CurlSettings.ClientIdentity.PEM, file: CURLoption, bytes option: CURLoption
    ) {
        switch pem {
        case .file(let path): string(file, path)
        case .bytes(let bytes):
            bytes.withUnsafeBytes { check(entrepot_setopt_blob(easy, option, $0.baseAddress, $0.count)) }
        }
    }
}

typealias CurlCallback =
    @convention(c) (
        UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?
    ) -> Int

extension EasyOptions {
    private mutating func long(_ option: CURLoption, _ value: some BinaryInteger) { long(option, Int(value)) }
}

extension Duration {
    /// At least one: libcurl takes zero for "no limit".
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? Int.max : Int(clamping: max(whole + attoseconds / 1_000_000_000_000_000, 1))
    }
}
