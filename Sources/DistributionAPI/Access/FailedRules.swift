internal import Access
import NIOConcurrencyHelpers

/// Rules of one configuration that failed and were told of: lists ask the same rule for each of their entries.
final class FailedRules: Sendable {
    private let known = NIOLockedValueBox<Set<String>>([])

    /// Whether it is the first time that it fails.
    func isNew(_ scope: PolicyScope, _ index: Int) -> Bool {
        known.withLockedValue { $0.insert("\(scope)[\(index)]").inserted }
    }
}
