internal import NIOConcurrencyHelpers

/// Whether the store keeps to the conditions of a write: some pass over them, and write.
final class KeptConditions: Sendable {
    private let known = NIOLockedValueBox<Bool?>(nil)

    /// False as long as nobody has tried.
    var areKept: Bool {
        get { known.withLockedValue { $0 ?? false } }
        set { known.withLockedValue { $0 = newValue } }
    }
}
