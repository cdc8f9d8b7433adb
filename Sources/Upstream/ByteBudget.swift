import NIOConcurrencyHelpers

/// Memory for content that has to be held as a whole, shared by all who need some at the same time. Who finds none left
/// waits, in the order of coming: a large share is not overtaken by small ones for ever.
public final class ByteBudget: Sendable {
    /// Bytes that are held until the last reference goes.
    public final class Share: Sendable {
        private let budget: ByteBudget
        private let bytes: NIOLockedValueBox<Int>

        fileprivate init(_ budget: ByteBudget, _ bytes: Int) {
            self.budget = budget
            self.bytes = NIOLockedValueBox(bytes)
        }

        deinit { budget.giveBack(bytes.withLockedValue { $0 }) }

        /// Gives back what turned out not to be needed.
        public func shrink(to needed: Int) {
            let excess = bytes.withLockedValue { bytes in
                let excess = max(bytes - needed, 0)
                bytes -= excess
                return excess
            }
            if excess > 0 { budget.giveBack(excess) }
        }
    }

    /// What fits in here is not counted: nearly all manifests, of which as many can be under way as requests.
    public static let uncounted = 32 << 10
    /// More do not even wait.
    static let mostWaiting = 4096
    /// How long to wait for others to end.
    public static let patience: Duration = .seconds(10)

    private struct Waiter {
        let id: Int
        /// As it will be counted, whatever the limit is by then.
        let bytes: Int
        /// Nil until it is parked.
        var continuation: CheckedContinuation<Bool, Never>?
    }

    private struct State {
        var limit: Int
        var used = 0
        var waiters: [Waiter] = []
        /// Before they were parked: given a share, or given up.
        var decided: [Int: Bool] = [:]
        var lastID = 0

        /// What is larger than all there is gets all there is.
        func clamped(_ bytes: Int) -> Int { min(bytes, limit) }

        func hasRoom(for bytes: Int) -> Bool { used + clamped(bytes) <= limit }

        /// Gives shares to those who have waited longest, and returns who is to be told.
        mutating func admitWaiting() -> [CheckedContinuation<Bool, Never>] {
            var count = 0
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while count < waiters.count, hasRoom(for: waiters[count].bytes) {
                used += waiters[count].bytes
                if let continuation = waiters[count].continuation {
                    admitted.append(continuation)
                } else {
                    decided[waiters[count].id] = true
                }
                count += 1
            }
            waiters.removeFirst(count)
            return admitted
        }
    }

    private let state: NIOLockedValueBox<State>
    private let timers: Timers

    /// - Parameter limit: Bytes.
    public init(limit: Int, timers: Timers = .system) {
        state = NIOLockedValueBox(State(limit: limit))
        self.timers = timers
    }

    public var used: Int { state.withLockedValue { $0.used } }

    public var waiting: Int { state.withLockedValue { $0.waiters.count } }

    /// Takes effect at once for who waits and who comes.
    public func adjust(limit: Int) {
        let admitted = state.withLockedValue { state in
            state.limit = limit
            return state.admitWaiting()
        }
        for continuation in admitted { continuation.resume(returning: true) }
    }

    /// A share, if there is one without waiting and nobody waits for one.
    public func reserve(_ bytes: Int) -> Share? {
        let taken = state.withLockedValue { state -> Int? in
            guard state.waiters.isEmpty, state.hasRoom(for: bytes) else { return nil }
            state.used += state.clamped(bytes)
            return state.clamped(bytes)
        }
        return taken.map { Share(self, $0) }
    }

    /// A share, waited for; nil if there was none in that time, too many wait already, or the task was cancelled.
    public func reserve(_ bytes: Int, patience: Duration) async -> Share? {
        if let share = reserve(bytes) { return share }
        let place = state.withLockedValue { state -> (id: Int, bytes: Int)? in
            guard state.waiters.count < Self.mostWaiting else { return nil }
            state.lastID += 1
            let bytes = state.clamped(bytes)
            state.waiters.append(Waiter(id: state.lastID, bytes: bytes))
            return (state.lastID, bytes)
        }
        guard let place else { return nil }
        // Meanwhile what was in the way may have gone.
        for continuation in state.withLockedValue({ $0.admitWaiting() }) { continuation.resume(returning: true) }
        guard await wait(place.id, patience) else { return nil }
        return Share(self, place.bytes)
    }

    private func wait(_ id: Int, _ patience: Duration) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await timers.sleep(patience)
                giveUp(id)
            }
            let isAdmitted = await withTaskCancellationHandler {
                await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                    let outcome = state.withLockedValue { state -> Bool? in
                        if let outcome = state.decided.removeValue(forKey: id) { return outcome }
                        guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return false }
                        state.waiters[index].continuation = continuation
                        return nil
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
        let (given, admitted) = state.withLockedValue { state in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                return (nil as CheckedContinuation<Bool, Never>?, [CheckedContinuation<Bool, Never>]())
            }
            let waiter = state.waiters.remove(at: index)
            if waiter.continuation == nil { state.decided[id] = false }
            // Whoever stood behind it may fit.
            return (waiter.continuation, state.admitWaiting())
        }
        given?.resume(returning: false)
        for continuation in admitted { continuation.resume(returning: true) }
    }

    private func giveBack(_ bytes: Int) {
        let admitted = state.withLockedValue { state in
            state.used -= bytes
            return state.admitWaiting()
        }
        for continuation in admitted { continuation.resume(returning: true) }
    }
}

/// There was no room for what an upstream sent; it can be asked again with a share in hand.
public struct NoRoomError: Error, Sendable {
    /// As many are needed.
    public let bytes: Int

    public init(bytes: Int) {
        self.bytes = bytes
    }
}
