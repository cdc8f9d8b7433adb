import Hashing
import NIOConcurrencyHelpers
import OCI

/// The running hashes of the upload sessions that some request is writing to. Everything else about a session is in the
/// store, so that it outlives the server.
final class OpenUploads: Sendable {
    struct Key: Hashable {
        let repository: RepositoryName
        let id: UploadID
    }

    private struct Entry {
        var hasher: DigestHasher?
        var users = 0
    }

    private let entries = NIOLockedValueBox<[Key: Entry]>([:])

    func enter(_ key: Key) { entries.withLockedValue { $0[key, default: Entry()].users += 1 } }

    func leave(_ key: Key) {
        entries.withLockedValue { entries in
            guard let users = entries[key]?.users, users > 1 else {
                entries[key] = nil
                return
            }
            entries[key]?.users = users - 1
        }
    }

    func hasher(_ key: Key) -> DigestHasher? { entries.withLockedValue { $0[key]?.hasher } }

    /// Nil when memory and store may no longer agree: then the next to write reads the store.
    func set(_ hasher: DigestHasher?, _ key: Key) {
        entries.withLockedValue { entries in
            if entries[key] != nil { entries[key]?.hasher = hasher }
        }
    }

    func isOpen(_ key: Key) -> Bool { entries.withLockedValue { $0[key] != nil } }
}
