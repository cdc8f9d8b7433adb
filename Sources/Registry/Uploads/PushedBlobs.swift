import NIOConcurrencyHelpers
import OCI

/// How large the blobs are that were pushed here lately, which nobody else need be asked for.
///
/// That a repository still has one is for the store to say, by its link: as long as there is one the bytes are there.
final class PushedBlobs: Sendable {
    private struct State {
        var recent: [Registry.BlobKey: Int64] = [:]
        /// What was recent before there was too much of it.
        var older: [Registry.BlobKey: Int64] = [:]
    }

    private static let capacity = 4096
    private let state = NIOLockedValueBox(State())

    /// Bytes; nil if it was not pushed here.
    func size(_ digest: Digest, in repository: RepositoryName) -> Int64? {
        let key = Registry.BlobKey(repository: repository, digest: digest)
        return state.withLockedValue { $0.recent[key] ?? $0.older[key] }
    }

    func note(_ digest: Digest, _ size: Int64, in repository: RepositoryName) {
        state.withLockedValue { state in
            if state.recent.count >= Self.capacity { (state.older, state.recent) = (state.recent, [:]) }
            state.recent[Registry.BlobKey(repository: repository, digest: digest)] = size
        }
    }
}
