import Hashing
import NIOConcurrencyHelpers
import OCI

/// The running hashes of the upload sessions that some request is writing to, and of the last ones to which one has written.
/// Everything else about a session is in the store, so that it outlives the server.
final class OpenUploads: Sendable {
    struct Key: Hashable {
        let repository: RepositoryName
        let id: UploadID
    }

    private struct Entry {
        var hasher: DigestHasher?
        var users = 0
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Of sessions that nobody writes to now. Another server may have written to them since.
        var resting: [Key: DigestHasher] = [:]
    }

    private static let mostResting = 1000
    private let state = NIOLockedValueBox(State())

    func enter(_ key: Key) { state.withLockedValue { $0.entries[key, default: Entry()].users += 1 } }

    func leave(_ key: Key) {
        state.withLockedValue { state in
            guard let entry = state.entries[key], entry.users > 1 else {
                guard let hasher = state.entries.removeValue(forKey: key)?.hasher else { return }
                if state.resting.count >= Self.mostResting { state.resting = [:] }
                state.resting[key] = hasher
                return
            }
            state.entries[key]?.users = entry.users - 1
        }
    }

    func hasher(_ key: Key) -> DigestHasher? { state.withLockedValue { $0.entries[key]?.hasher } }

    /// How far a session was hashed when the last request here left it: to be believed only if it is no further by now.
    func resting(_ key: Key) -> DigestHasher? { state.withLockedValue { $0.resting[key] } }

    /// Nil when memory and store may no longer agree: then the next to write reads the store.
    func set(_ hasher: DigestHasher?, _ key: Key) {
        state.withLockedValue { state in
            state.resting[key] = nil
            if state.entries[key] != nil { state.entries[key]?.hasher = hasher }
        }
    }

    func isOpen(_ key: Key) -> Bool { state.withLockedValue { $0.entries[key] != nil } }
}
