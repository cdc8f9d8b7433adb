import NIOConcurrencyHelpers
import OCI

/// A bounded set of repositories, for what need not be asked twice.
final class RememberedRepositories: Sendable {
    private static let capacity = 20_000
    private let names = NIOLockedValueBox<Set<RepositoryName>>([])

    func contains(_ name: RepositoryName) -> Bool { names.withLockedValue { $0.contains(name) } }

    func insert(_ name: RepositoryName) {
        names.withLockedValue { names in
            if names.count >= Self.capacity { names = [] }
            names.insert(name)
        }
    }
}
