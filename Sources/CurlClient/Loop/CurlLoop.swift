import CCurl

/// The transfers of one multi handle and what happens to them in each turn. Never leaves the curl thread.
final class CurlLoop {
    private static let pooledHandles = 16
    /// Milliseconds.
    private static let idleWait: Int32 = 60_000
    private static let wait: Int32 = 1_000
    private static let gatheringWait: Int32 = 1
    private static let gatheringTurns: UInt64 = 16

    private let multi: UnsafeMutableRawPointer
    private var transfers: [CurlThread.ID: Transfer] = [:]
    private var identifiers: [UnsafeMutableRawPointer: CurlThread.ID] = [:]
    /// Transfers that hold back what they have gathered.
    private var gatherers: [Transfer] = []
    private var turns: UInt64 = 0
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
        // Unowned: this loop holds the transfers, and libcurl calls them back only within the loop's own calls.
        let transfer = Transfer(easy: easy, order: order) { [unowned self] transfer in
            if transfer.gathering == nil { gatherers.append(transfer) }
            transfer.gathering = (since: transfer.gathering?.since ?? turns, latest: turns)
        }
        do throws(CurlError) {
            try transfer.configure(defaults: .shared)
        } catch {
            withExtendedLifetime(transfer) { curl_easy_cleanup(easy) }
            return order.mailbox.finish(error)
        }
        let result = curl_multi_add_handle(multi, easy)
        guard result == CURLM_OK else {
            withExtendedLifetime(transfer) { curl_easy_cleanup(easy) }
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
            // One that failed before it had a connection keeps its buffer, and takes no new size for it: it would refuse every
            // transfer after that. Connections are not the handle's, and stay.
            if result == CURLE_OK { recycle(transfer.easy) } else { curl_easy_cleanup(transfer.easy) }
        }
    }

    func endAll(_ error: (String) -> CurlError) {
        for (id, transfer) in transfers {
            transfer.mailbox.finish(error(transfer.mailbox.host))
            end(id, nil)
        }
    }

    /// Moves all transfers as far as they go, waits for the network or a wake-up, and tells the readers.
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
        // Nothing at all to watch: only a wake-up ends the wait early, so that it may be long.
        let patience = transfers.isEmpty ? Self.idleWait : gatherers.isEmpty ? Self.wait : Self.gatheringWait
        var ready: Int32 = 0
        curl_multi_poll(multi, nil, 0, patience, &ready)
        publish(isQuiet: ready == 0)
        turns &+= 1
    }

    /// Tells readers what has been gathered for them. With TLS a turn brings one record of 16 KiB, and a wake-up for
    /// each would cost more than all else, so that transfers which bring something every turn gather on for a while.
    /// What fills a chunk or ends a response was told already.
    private func publish(isQuiet: Bool) {
        gatherers.removeAll { transfer in
            guard let gathering = transfer.gathering,
                isQuiet || gathering.latest != turns || turns &- gathering.since >= Self.gatheringTurns
            else { return false }
            transfer.gathering = nil
            transfer.mailbox.publish()
            return true
        }
    }

    private func recycle(_ easy: UnsafeMutableRawPointer) {
        guard spareHandles.count < Self.pooledHandles else { return curl_easy_cleanup(easy) }
        curl_easy_reset(easy)
        spareHandles.append(easy)
    }
}
