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
        var hashed: HashedUpload?
        var users = 0
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Of sessions that nobody writes to now. Another server may have written to them since.
        var resting: [Key: HashedUpload] = [:]
    }

    private static let mostResting = 1000
    private let state = NIOLockedValueBox(State())

    func enter(_ key: Key) { state.withLockedValue { $0.entries[key, default: Entry()].users += 1 } }

    func leave(_ key: Key) {
        state.withLockedValue { state in
            guard let entry = state.entries[key], entry.users > 1 else {
                guard let hashed = state.entries.removeValue(forKey: key)?.hashed else { return }
                if state.resting.count >= Self.mostResting { state.resting = [:] }
                state.resting[key] = hashed
                return
            }
            state.entries[key]?.users = entry.users - 1
        }
    }

    func hashed(_ key: Key) -> HashedUpload? { state.withLockedValue { $0.entries[key]?.hashed } }

    /// How far a session was hashed when the last request here left it: to be believed only of what it was then.
    func resting(_ key: Key) -> HashedUpload? { state.withLockedValue { $0.resting[key] } }

    /// Nil when memory and store may no longer agree: then the next to write reads the store.
    func set(_ hashed: HashedUpload?, _ key: Key) {
        state.withLockedValue { state in
            state.resting[key] = nil
            if state.entries[key] != nil { state.entries[key]?.hashed = hashed }
        }
    }

    func isOpen(_ key: Key) -> Bool { state.withLockedValue { $0.entries[key] != nil } }
}
