import NIOConcurrencyHelpers

/// Waits for one report, or for nil, whichever comes first.
final class ReportWaiter: Sendable {
    private enum State {
        case nobody
        case waiting(CheckedContinuation<JanitorReport?, Never>)
        case resumed(JanitorReport?)
    }

    private let state = NIOLockedValueBox(State.nobody)

    var isResumed: Bool { state.withLockedValue { if case .resumed = $0 { true } else { false } } }

    /// Waits; for one task.
    var report: JanitorReport? {
        get async {
            await withCheckedContinuation { continuation in
                let early: JanitorReport?? = state.withLockedValue { state in
                    if case .resumed(let report) = state { return .some(report) }
                    state = .waiting(continuation)
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        }
    }

    /// What comes after the first is for nobody.
    func resume(_ report: JanitorReport?) {
        let continuation = state.withLockedValue { state -> CheckedContinuation<JanitorReport?, Never>? in
            defer { if case .resumed = state {} else { state = .resumed(report) } }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(returning: report)
    }
}
