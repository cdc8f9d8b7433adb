import CCurl

/// The transfers of one multi handle and what happens to them in each turn. Never leaves the curl thread.
final class CurlLoop {
    private static let pooledHandles = 16

    private let multi: UnsafeMutableRawPointer
    private var transfers: [CurlThread.ID: Transfer] = [:]
    private var identifiers: [UnsafeMutableRawPointer: CurlThread.ID] = [:]
    private var touched: [Transfer] = []
    private var spareHandles: [UnsafeMutableRawPointer] = []

    init(multi: UnsafeMutableRawPointer) {
        self.multi = multi
    }

    deinit {
        for handle in spareHandles { curl_easy_cleanup(handle) }
    }

    func start(_ id: CurlThread.ID, _ order: Transfer.Order) {
        guard let easy = spareHandles.popLast() ?? curl_easy_init() else {
            return order.mailbox.finish(CurlError(.other(27), "libcurl is out of memory", host: order.authority))
        }
        let transfer = Transfer(easy: easy, order: order) { [unowned self] transfer in
            guard !transfer.isTouched else { return }
            transfer.isTouched = true
            touched.append(transfer)
        }
        do throws(CurlError) {
            try transfer.configure(defaults: .shared)
        } catch {
            withExtendedLifetime(transfer) { recycle(easy) }
            return order.mailbox.finish(error)
        }
        let result = curl_multi_add_handle(multi, easy)
        guard result == CURLM_OK else {
            withExtendedLifetime(transfer) { recycle(easy) }
            let text = String(cString: curl_multi_strerror(result))
            return order.mailbox.finish(CurlError(.other(Int(result.rawValue)), text, host: order.authority))
        }
        transfers[id] = transfer
        identifiers[easy] = id
    }

    func resume(_ id: CurlThread.ID) {
        guard let transfer = transfers[id] else { return }
        let result = curl_easy_pause(transfer.easy, CURLPAUSE_CONT)
        if result != CURLE_OK { end(id, result) }
    }

    /// - Parameter result: how the transfer ended, `nil` when its reader has gone.
    func end(_ id: CurlThread.ID, _ result: CURLcode?) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        identifiers[transfer.easy] = nil
        if let result {
            transfer.finish(result)
        } else {
            transfer.mailbox.finish(CurlError(.cancelled, "the transfer was cancelled", host: transfer.mailbox.host))
        }
        // The handle points at the transfer until it is reset.
        withExtendedLifetime(transfer) {
            curl_multi_remove_handle(multi, transfer.easy)
            recycle(transfer.easy)
        }
    }

    func endAll(_ error: (String) -> CurlError) {
        for (id, transfer) in transfers {
            transfer.mailbox.finish(error(transfer.mailbox.host))
            end(id, nil)
        }
    }

    /// Moves all transfers as far as they go, tells their readers, and waits for the network or a wake-up.
    func turn() {
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let id = identifiers[easy]
            else { continue }
            end(id, entrepot_message_result(message))
        }
        for transfer in touched {
            transfer.isTouched = false
            transfer.mailbox.publish()
        }
        touched.removeAll(keepingCapacity: true)
        // Nothing at all to watch: only a wake-up ends the wait early, so that it may be long.
        curl_multi_poll(multi, nil, 0, transfers.isEmpty ? 60_000 : 1_000, nil)
    }

    private func recycle(_ easy: UnsafeMutableRawPointer) {
        guard spareHandles.count < Self.pooledHandles else { return curl_easy_cleanup(easy) }
        curl_easy_reset(easy)
        spareHandles.append(easy)
    }
}
