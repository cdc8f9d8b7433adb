import NIOConcurrencyHelpers
import OCI

/// How large the blobs are that manifests name, by the manifests' own word, as far as these were read lately. Bounds what is
/// taken from an upstream that does not say how much it will send.
final class KnownSizes: Sendable {
    private struct State {
        var recent: [Registry.BlobKey: Int64] = [:]
        /// What was recent before there was too much of it.
        var older: [Registry.BlobKey: Int64] = [:]
        /// Whose stored manifests have been read.
        var read: Set<RepositoryName> = []
    }

    private static let capacity = 8192
    private let state = NIOLockedValueBox(State())

    /// Bytes; nil if no manifest said it.
    func size(_ key: Registry.BlobKey) -> Int64? { state.withLockedValue { $0.recent[key] ?? $0.older[key] } }

    func hasRead(_ repository: RepositoryName) -> Bool { state.withLockedValue { $0.read.contains(repository) } }

    func noteRead(_ repository: RepositoryName) {
        state.withLockedValue { state in
            if state.read.count >= Self.capacity { state.read = [] }
            state.read.insert(repository)
        }
    }

    func note(_ manifest: Manifest, in repository: RepositoryName) {
        let blobs = manifest.blobs
        guard !blobs.isEmpty else { return }
        state.withLockedValue { state in
            if state.recent.count >= Self.capacity { (state.older, state.recent) = (state.recent, [:]) }
            for blob in blobs.prefix(Self.capacity) {
                let key = Registry.BlobKey(repository: repository, digest: blob.digest)
                // Manifests that disagree: the one that is right must not be the one that loses.
                state.recent[key] = max(blob.size, state.recent[key] ?? state.older[key] ?? 0)
            }
        }
    }
}
