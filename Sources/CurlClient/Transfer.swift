import CCurl
import NIOCore

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
            failure
                ?? CurlError(
                    result, detail: String(cString: errorText),
                    .init(
                        isConnected: connected > 0, isSecure: order.request.isSecure,
                        proxy: order.proxies.address(secure: order.request.isSecure),
                        isTotalLimitFirst: settings.totalTimeout.map { $0 < settings.connectTimeout } ?? false),
                    host: order.authority))
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
