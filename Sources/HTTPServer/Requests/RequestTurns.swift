import Fairness
import NIOConcurrencyHelpers
import NIOCore

/// How many requests are answered at once, and who is next where there are more: each client in turn, so that one with
/// many waiting holds up only itself.
final class RequestTurns: Sendable {
    /// What one host can take addresses from at will: an IPv4 address, or IPv6's /64.
    struct Party: Hashable, Sendable {
        private let bits: UInt64
        private let isVersion6: Bool

        /// Those without an address of the internet are one party. An IPv4 address in IPv6's clothes, as a socket that
        /// listens on both shows it, is the IPv4 address.
        init(_ address: SocketAddress?) {
            // Where the addresses lie in `sockaddr_in` and `sockaddr_in6` is the same on every system.
            switch address {
            case .v4(let inner): self = withUnsafeBytes(of: inner.address) { Self(version4: $0, at: 4) }
            case .v6(let inner):
                self = withUnsafeBytes(of: inner.address) { address in
                    let upper = address.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                    let middle = address.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
                    guard upper == 0, UInt32(bigEndian: middle) == 0xffff else {
                        return Self(bits: upper, isVersion6: true)
                    }
                    return Self(version4: address, at: 20)
                }
            case .unixDomainSocket, nil: self.init(bits: 0, isVersion6: false)
            }
        }

        private init(bits: UInt64, isVersion6: Bool) {
            self.bits = bits
            self.isVersion6 = isVersion6
        }

        private init(version4 bytes: UnsafeRawBufferPointer, at offset: Int) {
            self.init(bits: UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)), isVersion6: false)
        }
    }

    struct Limits: Sendable {
        /// Being answered.
        var most: Int
        /// Beyond these.
        var mostWaiting: Int
        var patience: TimeAmount
    }

    private struct Waiter: Sendable {
        let id: UInt64
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var limits: Limits
        var inUse = 0
        var lastID: UInt64 = 0
        var waiting = FairTurns<Party, Waiter>()
    }

    private let state: NIOLockedValueBox<State>

    init(_ limits: Limits) {
        state = NIOLockedValueBox(State(limits: limits))
    }

    /// Being answered now.
    var inUse: Int { state.withLockedValue { $0.inUse } }

    /// Waiting now.
    var waiting: Int { state.withLockedValue { $0.waiting.count } }

    /// Those who wait go by the new limits at once.
    func adjust(_ limits: Limits) {
        let admitted = state.withLockedValue { state -> [Waiter] in
            state.limits = limits
            var admitted: [Waiter] = []
            while state.inUse < limits.most, let waiter = state.waiting.removeFirst() {
                state.inUse += 1
                admitted.append(waiter)
            }
            return admitted
        }
        for waiter in admitted { waiter.continuation.resume(returning: true) }
    }

    /// Whether there is a place now, which is then taken. Nobody is overtaken who waits.
    func takeAtOnce() -> Bool {
        state.withLockedValue { state in
            guard state.inUse < state.limits.most, state.waiting.count == 0 else { return false }
            state.inUse += 1
            return true
        }
    }

    /// Waits for a place.
    ///
    /// - Returns: False if there is none in time, others have more right to wait, or the task is cancelled.
    func wait(_ party: Party, on eventLoop: any EventLoop) async -> Bool {
        let (id, patience) = state.withLockedValue { state in
            state.lastID += 1
            return (state.lastID, state.limits.patience)
        }
        var timer: Scheduled<Void>?
        let hasPlace = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enter(Waiter(id: id, continuation: continuation), party)
                timer = eventLoop.scheduleTask(in: patience) { self.giveUp(id, party) }
                // Who was cancelled before could not be found then.
                if Task.isCancelled { giveUp(id, party) }
            }
        } onCancel: {
            giveUp(id, party)
        }
        timer?.cancel()
        return hasPlace
    }

    private func enter(_ waiter: Waiter, _ party: Party) {
        // A place that was free in the meantime, a refusal, or nothing for now.
        let (answer, displaced) = state.withLockedValue { state -> (Bool?, Waiter?) in
            if state.inUse < state.limits.most, state.waiting.count == 0 {
                state.inUse += 1
                return (true, nil)
            }
            var displaced: Waiter?
            if state.waiting.count >= state.limits.mostWaiting {
                // Whoever has the most waiting gives one up for who has fewer.
                displaced = state.waiting.removeLast(ofWhoHasMoreThan: state.waiting.count(of: party) + 1)
                guard displaced != nil else { return (false, nil) }
            }
            state.waiting.append(waiter, for: party)
            return (nil, displaced)
        }
        if let answer { waiter.continuation.resume(returning: answer) }
        displaced?.continuation.resume(returning: false)
    }

    private func giveUp(_ id: UInt64, _ party: Party) {
        let waiter = state.withLockedValue { $0.waiting.remove(of: party) { $0.id == id } }
        waiter?.continuation.resume(returning: false)
    }

    /// Gives a place back, which goes to whoever is next.
    func giveBack() {
        let next = state.withLockedValue { state -> Waiter? in
            // Fewer may be allowed than there were.
            if state.inUse <= state.limits.most, let waiter = state.waiting.removeFirst() { return waiter }
            state.inUse -= 1
            return nil
        }
        next?.continuation.resume(returning: true)
    }
}
