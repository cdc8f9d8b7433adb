import NIOConcurrencyHelpers
import OCI
import Upstream

/// Images that will be completed a while after they were pulled: one after the other, a bounded number waiting.
final class PullCompletions: Sendable {
    /// Returns whether it need not be done again.
    typealias Work = @Sendable () async -> Bool

    /// What pulls take as a rule.
    static let delay: Duration = .seconds(60)
    /// What clients take to ask for blobs that they do not have.
    static let shortDelay: Duration = .seconds(1)
    /// Between two looks at whether there is room.
    static let pause: Duration = .seconds(5)
    static let patience = 120
    private static let mostWaiting = 1000
    private static let mostRemembered = 10_000

    private struct Item {
        let key: Registry.BlobKey
        let due: Duration
        let work: Work
    }

    private struct State {
        var waiting: [Item] = []
        var keys: Set<Registry.BlobKey> = []
        var done: Set<Registry.BlobKey> = []
        var isWorking = false
        /// Whose stored blobs have been shared, or are being.
        var shared: Set<Registry.BlobKey> = []
    }

    private let background: BackgroundWork
    private let timers: Timers
    private let state = NIOLockedValueBox(State())

    init(background: BackgroundWork, timers: Timers) {
        self.background = background
        self.timers = timers
    }

    /// Too many at once are forgotten: whoever pulls next asks again.
    func add(_ key: Registry.BlobKey, _ work: @escaping Work) {
        let isIdle = state.withLockedValue { state in
            guard !state.done.contains(key), state.waiting.count < Self.mostWaiting, state.keys.insert(key).inserted
            else { return false }
            state.waiting.append(Item(key: key, due: timers.now() + Self.delay, work: work))
            defer { state.isWorking = true }
            return !state.isWorking
        }
        if isIdle, !background.start({ await self.run() }) {
            state.withLockedValue { $0 = State(done: $0.done, shared: $0.shared) }
        }
    }

    /// Whether stored blobs of the image are still to be shared; says so once.
    func beginSharing(_ key: Registry.BlobKey) -> Bool {
        state.withLockedValue { state in
            if state.shared.count >= Self.mostRemembered { state.shared = [] }
            return state.shared.insert(key).inserted
        }
    }

    /// It came to nothing.
    func endSharing(_ key: Registry.BlobKey) { state.withLockedValue { _ = $0.shared.remove(key) } }

    func forget(_ key: Registry.BlobKey) {
        state.withLockedValue { state in
            state.done.remove(key)
            state.shared.remove(key)
        }
    }

    /// Forgets what is known to be whole.
    func forget(_ repository: RepositoryName) {
        state.withLockedValue { state in
            state.done = state.done.filter { $0.repository != repository }
            state.shared = state.shared.filter { $0.repository != repository }
        }
    }

    private func run() async {
        while let item = next() {
            let left = item.due - timers.now()
            if left > .zero { await timers.sleep(left) }
            if Task.isCancelled { return }
            let isDone = await item.work()
            state.withLockedValue { state in
                state.keys.remove(item.key)
                if state.done.count >= Self.mostRemembered { state.done = [] }
                if isDone { state.done.insert(item.key) }
            }
        }
    }

    private func next() -> Item? {
        state.withLockedValue { state in
            guard !state.waiting.isEmpty else {
                state.isWorking = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
