internal import NIOConcurrencyHelpers

/// Whether the store keeps to the conditions of a write: some pass over them, and write.
final class KeptConditions: Sendable {
    private enum State {
        case untried
        /// The store refused to be tried, and why.
        case owed(S3Error)
        case known(Bool)
    }

    private let state = NIOLockedValueBox(State.untried)

    /// False as long as nobody has tried.
    var areKept: Bool {
        get {
            state.withLockedValue { state in
                if case .known(let areKept) = state { areKept } else { false }
            }
        }
        set { state.withLockedValue { $0 = .known(newValue) } }
    }

    /// Whether it is to be tried before anything depends on it.
    var isOwed: Bool { owed != nil }

    /// Why it could not be tried, while it could not.
    var owed: S3Error? {
        state.withLockedValue { state in
            if case .owed(let error) = state { error } else { nil }
        }
    }

    func owe(_ error: S3Error) { state.withLockedValue { $0 = .owed(error) } }
}
