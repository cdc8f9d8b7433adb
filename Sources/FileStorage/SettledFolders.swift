import NIOConcurrencyHelpers

/// The folders whose names are known to be on disk, so that not every durable write syncs the whole path down to it.
///
/// Forgetting one costs a sync, and remembering one that was replaced would cost an acknowledged write: folders are
/// forgotten when they are made or removed here, and all of them when there are too many.
final class SettledFolders: Sendable {
    private static let limit = 20_000
    private let paths = NIOLockedValueBox<Set<String>>([])

    func contains(_ path: String) -> Bool { paths.withLockedValue { $0.contains(path) } }

    func insert(_ path: String) {
        paths.withLockedValue { paths in
            if paths.count >= Self.limit { paths = [] }
            paths.insert(path)
        }
    }

    func forget(_ path: String) { paths.withLockedValue { _ = $0.remove(path) } }
}
