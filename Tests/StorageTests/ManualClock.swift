import NIOConcurrencyHelpers
import TestSupport

/// A store in memory whose time passes when it is told to.
final class ManualClock: Sendable {
    private let seconds: NIOLockedValueBox<Int64>
    let store: MemoryStore

    init() {
        let seconds = NIOLockedValueBox<Int64>(0)
        self.seconds = seconds
        store = MemoryStore(now: { seconds.withLockedValue { $0 } })
    }

    func set(_ time: Int64) { seconds.withLockedValue { $0 = time } }
}
