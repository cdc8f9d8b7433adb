internal import NIOConcurrencyHelpers
internal import OCI
internal import Registry

/// What paths mean, of those that were asked for lately: a thousand clients ask for the same image in the same words. The
/// meaning of a path never changes as long as the namespaces are the same.
final class KnownPaths: Sendable {
    struct Meaning: Sendable {
        let action: Action
        let repository: Repository?
    }

    /// When the young are full they are the old ones, and the old ones are forgotten.
    private struct State {
        var young: [String: Meaning] = [:]
        var old: [String: Meaning] = [:]
    }

    private static let capacity = 512
    private static let longest = 512

    private let state = NIOLockedValueBox(State())

    func meaning(of path: String) -> Meaning? {
        state.withLockedValue { $0.young[path] ?? $0.old[path] }
    }

    func insert(_ meaning: Meaning, of path: String) {
        guard path.utf8.count <= Self.longest else { return }
        state.withLockedValue { state in
            if state.young.count >= Self.capacity {
                state.old = state.young
                state.young = [:]
            }
            state.young[path] = meaning
        }
    }
}
