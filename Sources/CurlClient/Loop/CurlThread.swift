import CCurl
import NIOConcurrencyHelpers
import Threads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The thread that owns libcurl's multi handle: everything but `curl_multi_wakeup` happens on it.
///
/// Each transfer has a connection of its own, also over HTTP/2: a transfer that its reader holds back would stall all
/// others that share its connection (libcurl stops reading the socket for all of them).
final class CurlThread: Sendable {
    typealias ID = UInt64

    private enum Command: Sendable {
        case start(ID, Transfer.Order)
        case resume(ID)
        case abort(ID)
    }

    private struct Inbox {
        enum Phase {
            case idle
            case running
            case stopping
            case stopped
        }

        var phase = Phase.idle
        var commands: [Command] = []
        var nextID: ID = 0
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Unchecked because a raw pointer is not `Sendable`; other threads only ever pass it to `curl_multi_wakeup`, the
    /// one call that libcurl allows from any thread, and it lives as long as this object.
    private struct Multi: @unchecked Sendable {
        let handle: UnsafeMutableRawPointer
    }

    private static let idleConnections = 64

    private let multi: Multi
    private let inbox = NIOLockedValueBox(Inbox())

    private let launch: @Sendable (CurlThread) -> Int32

    /// - Parameter launch: Starts a thread that runs this; an error number if there is none to be had.
    init(launch: @escaping @Sendable (CurlThread) -> Int32 = CurlThread.launch) {
        self.launch = launch
        _ = CurlDefaults.shared
        // Made once for each client, as the process starts: without memory for this there is nothing to serve with.
        guard let handle = curl_multi_init() else { fatalError("libcurl: out of memory") }
        _ = entrepot_multi_setopt_long(handle, CURLMOPT_PIPELINING, 0)
        _ = entrepot_multi_setopt_long(handle, CURLMOPT_MAXCONNECTS, Self.idleConnections)
        multi = Multi(handle: handle)
    }

    deinit {
        curl_multi_cleanup(multi.handle)
    }

    // MARK: from any thread

    func start(_ request: CurlRequest, headerLines: [String], authority: String, proxies: CurlProxies) -> Mailbox {
        let id = inbox.withLockedValue { inbox in
            inbox.nextID += 1
            return inbox.nextID
        }
        let mailbox = Mailbox(host: authority, highMark: request.settings.readAhead) { wish in
            switch wish {
            case .resume: self.submit(.resume(id))
            case .abort: self.submit(.abort(id))
            }
        }
        let order = Transfer.Order(
            request: request, headerLines: headerLines, authority: authority, proxies: proxies, mailbox: mailbox)
        if !submit(.start(id, order)) { mailbox.finish(Self.shutDown(authority)) }
        return mailbox
    }

    /// Ends every transfer with `.cancelled`, then the thread. Does not wait.
    func stop() {
        inbox.withLockedValue { inbox in
            switch inbox.phase {
            case .idle: inbox.phase = .stopped
            case .running: inbox.phase = .stopping
            case .stopping, .stopped: break
            }
        }
        curl_multi_wakeup(multi.handle)
    }

    /// Returns once the thread has ended.
    func stopped() async {
        await withCheckedContinuation { continuation in
            let isStopped = inbox.withLockedValue { inbox in
                guard inbox.phase != .stopped else { return true }
                inbox.stopWaiters.append(continuation)
                return false
            }
            if isStopped { continuation.resume() }
        }
    }

    @discardableResult
    private func submit(_ command: Command) -> Bool {
        let (accepted, starts, wakes) = inbox.withLockedValue { inbox in
            switch inbox.phase {
            case .stopping, .stopped:
                return (false, false, false)
            case .idle, .running:
                inbox.commands.append(command)
                let starts = inbox.phase == .idle
                inbox.phase = .running
                return (true, starts, inbox.commands.count == 1)
            }
        }
        if starts {
            let failure = launch(self)
            if failure != 0 { giveUp(failure) }
        } else if wakes {
            curl_multi_wakeup(multi.handle)
        }
        return accepted
    }

    private static func shutDown(_ host: String) -> CurlError {
        CurlError(.cancelled, "the HTTP client is shut down", host: host)
    }

    /// No thread took what waits: it fails. The next request tries for a thread again.
    private func giveUp(_ failure: Int32) {
        let (commands, waiters) = inbox.withLockedValue { inbox in
            defer { (inbox.commands, inbox.stopWaiters) = ([], []) }
            inbox.phase = inbox.phase == .stopping ? .stopped : .idle
            return (inbox.commands, inbox.stopWaiters)
        }
        let message = "no thread for libcurl: \(String(cString: strerror(failure)))"
        for case .start(_, let order) in commands {
            order.mailbox.finish(
                CurlError(.other(Int(CURLE_OUT_OF_MEMORY.rawValue)), message, host: order.authority))
        }
        for waiter in waiters { waiter.resume() }
    }

    @Sendable static func launch(_ new: CurlThread) -> Int32 { SystemThread.start("curl") { new.run() } }

    // MARK: on the thread

    private func run() {
        let loop = CurlLoop(multi: multi.handle)
        while true {
            let (commands, stops) = inbox.withLockedValue { inbox in
                defer { inbox.commands.removeAll(keepingCapacity: true) }
                return (inbox.commands, inbox.phase == .stopping)
            }
            for command in commands {
                switch command {
                case .start(let id, let order): loop.start(id, order)
                case .resume(let id): loop.resume(id)
                case .abort(let id): loop.end(id, nil)
                }
            }
            if stops { break }
            loop.turn()
        }
        loop.endAll(Self.shutDown)
        let waiters = inbox.withLockedValue { inbox in
            inbox.phase = .stopped
            defer { inbox.stopWaiters = [] }
            return inbox.stopWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
