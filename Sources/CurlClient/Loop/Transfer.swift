import CCurl
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One easy handle at work. Lives and dies on the curl thread, which is why it is not `Sendable`.
final class Transfer {
    /// What travels to the curl thread to start a transfer.
    struct Order: Sendable {
        let request: CurlRequest
        let headerLines: [String]
        let authority: String
        let proxies: CurlProxies
        let mailbox: Mailbox
    }

    let easy: UnsafeMutableRawPointer
    let order: Order
    /// Something was delivered since the last `publish`: in which turn first and in which last.
    var gathering: (since: UInt64, latest: UInt64)?
    private let onTouch: (Transfer) -> Void
    private var head = ResponseHead()
    /// Body bytes still to come, where the server said how many.
    private var remaining: Int64?
    /// Why a callback stopped libcurl, which itself only knows that one did.
    private var failure: CurlError?
    /// An address of the server was not connected to.
    private var hasRefused = false
    /// How much of a body was given to libcurl.
    private var sent: Int64 = 0
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(easy: UnsafeMutableRawPointer, order: Order, onTouch: @escaping (Transfer) -> Void) {
        self.easy = easy
        self.order = order
        self.onTouch = onTouch
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        for line in order.headerLines { headerList = curl_slist_append(headerList, line) }
    }

    deinit {
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    var mailbox: Mailbox { order.mailbox }

    /// Sets everything on the easy handle; the first refused option is an error.
    func configure(defaults: CurlDefaults) throws(CurlError) {
        var options = EasyOptions(easy: easy, host: order.authority)
        options.apply(order, defaults: defaults)
        options.list(CURLOPT_HTTPHEADER, headerList)
        let this = Unmanaged.passUnretained(self).toOpaque()
        options.pointer(CURLOPT_PRIVATE, this)
        options.pointer(CURLOPT_WRITEDATA, this)
        options.pointer(CURLOPT_HEADERDATA, this)
        options.pointer(CURLOPT_ERRORBUFFER, errorText)
        options.callback(CURLOPT_WRITEFUNCTION) { bytes, size, count, transfer in
            guard let bytes, let transfer else { return 0 }
            return Transfer.from(transfer).body(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        options.callback(CURLOPT_HEADERFUNCTION) { bytes, size, count, transfer in
            guard let bytes, let transfer else { return 0 }
            return Transfer.from(transfer).header(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        if order.request.givenLength != nil {
            options.pointer(CURLOPT_READDATA, this)
            options.callback(CURLOPT_READFUNCTION) { bytes, size, count, transfer in
                guard let bytes, let transfer else { return Int(CURL_READFUNC_ABORT) }
                return Transfer.from(transfer).give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            }
            options.pointer(CURLOPT_SEEKDATA, this)
            // Where a connection turned out to be closed, the request is sent again on another.
            options.seek { transfer, offset, origin in
                guard let transfer, origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
                return Transfer.from(transfer).seek(to: Int64(offset))
            }
        }
        if !order.request.settings.refusedRanges.isEmpty {
            options.pointer(CURLOPT_OPENSOCKETDATA, this)
            options.openSocket { transfer, _, address in
                guard let transfer, let address else { return CURL_SOCKET_BAD }
                return Transfer.from(transfer).openSocket(address)
            }
        }
        if let error = options.failure { throw error }
    }

    static func from(_ pointer: UnsafeMutableRawPointer) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Tells the reader how it ended.
    func finish(_ result: CURLcode) {
        guard result != CURLE_OK else {
            return mailbox.finish(
                head.isComplete
                    ? nil : CurlError(.invalidResponse, "the answer has no HTTP head", host: order.authority))
        }
        let settings = order.request.settings
        var connected: curl_off_t = 0
        _ = entrepot_getinfo_offset(easy, CURLINFO_PRETRANSFER_TIME_T, &connected)
        mailbox.finish(
            failure ?? (hasRefused && connected == 0 ? refusedAddress : nil)
                ?? CurlError(
                    result, detail: String(cString: errorText),
                    .init(
                        isConnected: connected > 0, isSecure: order.request.isSecure,
                        proxy: order.proxies.address(secure: order.request.isSecure),
                        isTotalLimitFirst: settings.totalTimeout.map { $0 < settings.connectTimeout } ?? false),
                    host: order.authority))
    }

    /// Whether a connection to there is the server's own, and not a proxy's.
    private func isDirect(port: Int) -> Bool {
        guard let proxy = order.proxies.address(secure: order.request.isSecure) else { return true }
        return port != proxy.port
    }

    private func refuses(_ peer: PeerAddress) -> Bool {
        isDirect(port: peer.port) && !peer.ranges.isDisjoint(with: order.request.settings.refusedRanges)
    }

    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        if let peer = withUnsafePointer(to: &address.pointee.addr, PeerAddress.init), refuses(peer) {
            hasRefused = true
            return CURL_SOCKET_BAD
        }
        #if os(Linux)
            let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        #else
            let type = address.pointee.socktype
        #endif
        return socket(address.pointee.family, type, address.pointee.protocol)
    }

    /// The other end of the connection that the answer came over.
    private var peer: PeerAddress? {
        var text: UnsafePointer<CChar>?
        var port = 0
        guard entrepot_getinfo_string(easy, CURLINFO_PRIMARY_IP, &text) == CURLE_OK, let text,
            entrepot_getinfo_long(easy, CURLINFO_PRIMARY_PORT, &port) == CURLE_OK
        else { return nil }
        return PeerAddress(String(cString: text), port: port)
    }

    private var refusedAddress: CurlError {
        CurlError(.refusedAddress, "its address lies in a network that is refused", host: order.authority)
    }

    private func seek(to position: Int64) -> CInt {
        guard order.request.isRepeatable || position >= sent else {
            failure = CurlError(
                .cutShort, "the connection was closed while the request was sent", host: order.authority)
            return CURL_SEEKFUNC_FAIL
        }
        sent = position
        return CURL_SEEKFUNC_OK
    }

    private func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let count = order.request.give(buffer, at: sent) else {
            failure = CurlError(.invalidRequest, "the file that is sent cannot be read", host: order.authority)
            return Int(CURL_READFUNC_ABORT)
        }
        sent += Int64(count)
        return count
    }

    private func body(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch mailbox.deliver(bytes, expecting: remaining) {
        case .taken:
            if let remaining { self.remaining = remaining - Int64(bytes.count) }
            onTouch(self)
            return bytes.count
        case .full:
            return Int(CURL_WRITEFUNC_PAUSE)
        case .abandoned:
            return 0
        }
    }

    private func header(_ line: UnsafeRawBufferPointer) -> Int {
        switch head.append(line: line, limit: order.request.settings.maxResponseHeaderBytes) {
        case .more:
            return line.count
        case .complete:
            if let peer {
                // The connection may be one that another request made, to whom more was allowed.
                guard !refuses(peer) else {
                    failure = refusedAddress
                    return 0
                }
                if isDirect(port: peer.port) { head.peerRanges = peer.ranges }
            }
            remaining = head.contentLength
            mailbox.deliver(head: head)
            onTouch(self)
            return line.count
        case .tooLarge:
            let limit = order.request.settings.maxResponseHeaderBytes
            failure = CurlError(
                .tooManyHeaders, "the answer's headers exceed \(limit) bytes", host: order.authority)
        case .malformed:
            failure = CurlError(.invalidResponse, "the answer's head is malformed", host: order.authority)
        }
        return 0
    }
}
