import Metrics
import NIOConcurrencyHelpers

/// Lets only so many requests to an upstream host, for one account, through at a time, and only so many bytes a second.
/// Shared by all namespaces that ask that host.
public final class UpstreamGate: Sendable {
    /// As it is at a moment.
    public struct Reading: Sendable, Equatable {
        public let caps: UpstreamCaps
        /// Requests under way.
        public let inUse: Int
        /// Requests that wait for one of these to end.
        public let waiting: Int
        /// Transfers that are held back for a moment.
        public let waitingForBandwidth: Int

        public init(caps: UpstreamCaps, inUse: Int, waiting: Int, waitingForBandwidth: Int = 0) {
            self.caps = caps
            self.inUse = inUse
            self.waiting = waiting
            self.waitingForBandwidth = waitingForBandwidth
        }
    }

    /// Who stands in the queue, and how far that has come.
    private enum Waiter {
        case standing
        case parked(CheckedContinuation<Bool, Never>)
        /// Before it was parked: admitted, or given up.
        case decided(Bool)
    }

    private struct State {
        var caps = UpstreamCaps()
        var questions = 0
        /// Blobs, for clients or in the background.
        var contents = 0
        var queue = UpstreamQueue()
        var waiters: [Int: Waiter] = [:]
        var lastID = 0
        /// Background transfers that are ending because clients wait.
        var makingWay = 0

        var inUse: Int { questions + contents }

        func admits(_ rank: Urgency.Rank) -> Bool {
            guard let most = caps.connections else { return true }
            return switch rank {
            case .question: inUse < most
            // Long transfers leave one connection to short questions, where there is more than one.
            case .content: inUse < most && contents < max(most - 1, 1)
            case .background: inUse < max(most / 2, 1)
            }
        }

        mutating func enter(_ rank: Urgency.Rank) {
            if rank == .question { questions += 1 } else { contents += 1 }
        }

        /// Ends the wait of `id`, and returns what is to be told.
        mutating func decide(_ id: Int, _ isAdmitted: Bool) -> CheckedContinuation<Bool, Never>? {
            switch waiters[id] {
            case .standing:
                waiters[id] = .decided(isAdmitted)
                return nil
            case .parked(let continuation):
                waiters[id] = nil
                return continuation
            case .decided, nil:
                return nil
            }
        }

        /// Lets in whoever may come in now.
        mutating func admitWaiting() -> [CheckedContinuation<Bool, Never>] {
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while let (id, rank) = queue.next(where: admits) {
                enter(rank)
                if let continuation = decide(id, true) { admitted.append(continuation) }
            }
            return admitted
        }
    }

    /// More requests than that do not even wait.
    static let mostWaiting = 256
    /// Seconds that those are told who found no place.
    private static let retryAfter = 5

    private let name: String
    private let timers: Timers
    private let state = NIOLockedValueBox(State())
    private let bucket: BandwidthBucket
    private let inUseGauge: Gauge
    private let waitingGauge: Gauge
    private let refusals: Counter

    /// - Parameters:
    ///   - name: Of the upstream, for messages and metrics.
    ///   - account: For metrics; nil for anonymous.
    public init(name: String, account: String? = nil, caps: UpstreamCaps = UpstreamCaps(), timers: Timers = .system) {
        self.name = name
        self.timers = timers
        bucket = BandwidthBucket(timers: timers)
        let dimensions = [("upstream", name), ("account", account ?? "")]
        inUseGauge = Gauge(label: "entrepot_upstream_requests_in_flight", dimensions: dimensions)
        waitingGauge = Gauge(label: "entrepot_upstream_requests_waiting", dimensions: dimensions)
        refusals = Counter(label: "entrepot_upstream_requests_capped_total", dimensions: dimensions)
        adjust(caps)
    }

    public var reading: Reading {
        state.withLockedValue { state in
            Reading(
                caps: state.caps, inUse: state.inUse, waiting: state.queue.count, waitingForBandwidth: bucket.waiting)
        }
    }

    /// Takes effect at once for who waits and who comes; what is under way goes on.
    public func adjust(_ caps: UpstreamCaps) {
        let admitted = state.withLockedValue { state in
            state.caps = caps
            return state.admitWaiting()
        }
        for continuation in admitted { continuation.resume(returning: true) }
        bucket.adjust(caps.bytesPerSecond)
    }

    /// Leave for one request, given back when the pass is let go of.
    ///
    /// - Parameter patience: How long to wait for others to end.
    /// - Throws: `capped` when nothing became free in that time, or too many wait already; `cancelled`.
    public func admit(
        _ errand: UpstreamErrand, patience: Duration
    ) async throws(UpstreamError) -> UpstreamPass {
        let rank = errand.urgency.rank
        let (isFree, id) = state.withLockedValue { state -> (Bool, Int?) in
            // Whoever waits could not go now, or would have been let in.
            if state.admits(rank) {
                state.enter(rank)
                state.queue.note(errand.repository)
                return (true, nil)
            }
            guard state.queue.count < Self.mostWaiting else { return (false, nil) }
            state.lastID += 1
            state.queue.append(state.lastID, errand)
            state.waiters[state.lastID] = .standing
            return (false, state.lastID)
        }
        if isFree { return pass(errand, rank) }
        guard let id else { throw refusal("and \(Self.mostWaiting) more requests wait already") }
        report()
        guard await wait(id, patience) else {
            report()
            if Task.isCancelled { throw UpstreamError(.cancelled, "\(name) is not waited for any more") }
            throw refusal("and none became free in time")
        }
        return pass(errand, rank)
    }

    private func pass(_ errand: UpstreamErrand, _ rank: Urgency.Rank) -> UpstreamPass {
        report()
        return UpstreamPass(errand, bucket, makesWay: { [self] in makesWay() }) { [self] isMakingWay in
            leave(rank, isMakingWay)
        }
    }

    /// Whether a background transfer should end for the sake of a client that waits; as many are told so as clients wait.
    private func makesWay() -> Bool {
        state.withLockedValue { state in
            guard state.queue.urgent > state.makingWay else { return false }
            state.makingWay += 1
            return true
        }
    }

    private func leave(_ rank: Urgency.Rank, _ isMakingWay: Bool) {
        let admitted = state.withLockedValue { state in
            if isMakingWay { state.makingWay -= 1 }
            if rank == .question { state.questions -= 1 } else { state.contents -= 1 }
            return state.admitWaiting()
        }
        for continuation in admitted { continuation.resume(returning: true) }
        report()
    }

    /// Whether the turn came within the time.
    private func wait(_ id: Int, _ patience: Duration) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await timers.sleep(patience)
                giveUp(id)
            }
            let isAdmitted = await withTaskCancellationHandler {
                await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                    let outcome = state.withLockedValue { state -> Bool? in
                        guard case .decided(let isAdmitted) = state.waiters[id] else {
                            state.waiters[id] = .parked(continuation)
                            return nil
                        }
                        state.waiters[id] = nil
                        return isAdmitted
                    }
                    if let outcome { continuation.resume(returning: outcome) }
                }
            } onCancel: {
                giveUp(id)
            }
            group.cancelAll()
            return isAdmitted
        }
    }

    private func giveUp(_ id: Int) {
        let continuation = state.withLockedValue { state in
            state.queue.remove(id)
            return state.decide(id, false)
        }
        continuation?.resume(returning: false)
    }

    private func refusal(_ reason: String) -> UpstreamError {
        refusals.increment()
        let most = reading.caps.connections ?? 0
        return UpstreamError(
            .capped(retryAfter: Self.retryAfter),
            "\(name): the \(most) connections that max_connections allows are in use, \(reason)")
    }

    private func report() {
        let reading = reading
        inUseGauge.record(reading.inUse)
        waitingGauge.record(reading.waiting)
    }
}
