import NIOConcurrencyHelpers
import OCI

/// Whole lists of tags, as upstreams gave them a moment ago, for the pages that follow the first.
final class RecentTagLists: Sendable {
    private struct Entry {
        let tags: [Tag]
        let bytes: Int
        /// Seconds since 1970.
        let since: Int64
    }

    private struct State {
        var entries: [RepositoryName: Entry] = [:]
        var bytes = 0

        mutating func remove(_ repository: RepositoryName) {
            bytes -= entries.removeValue(forKey: repository)?.bytes ?? 0
        }
    }

    /// Seconds from the list's coming; a client that takes longer for all pages has it fetched again.
    static let lifetime: Int64 = 30
    /// All lists together.
    private static let capacity = 32 << 20
    private let state = NIOLockedValueBox(State())

    func tags(_ repository: RepositoryName, now: Int64) -> (tags: [Tag], age: Int64)? {
        state.withLockedValue { state in
            guard let entry = state.entries[repository] else { return nil }
            let age = now - entry.since
            guard (0..<Self.lifetime).contains(age) else {
                state.remove(repository)
                return nil
            }
            return (entry.tags, age)
        }
    }

    func insert(_ tags: [Tag], _ repository: RepositoryName, now: Int64) {
        // A string and what it holds beside itself.
        let bytes = tags.reduce(64) { $0 + 16 + ($1.value.utf8.count > 15 ? $1.value.utf8.count + 32 : 0) }
        state.withLockedValue { state in
            state.remove(repository)
            guard bytes <= Self.capacity else { return }
            if state.bytes + bytes > Self.capacity {
                for (name, entry) in state.entries.sorted(by: { $0.value.since < $1.value.since }) {
                    guard state.bytes + bytes > Self.capacity || now - entry.since >= Self.lifetime else { break }
                    state.remove(name)
                }
            }
            state.entries[repository] = Entry(tags: tags, bytes: bytes, since: now)
            state.bytes += bytes
        }
    }

    func remove(_ repository: RepositoryName) { state.withLockedValue { $0.remove(repository) } }

    func removeAll() { state.withLockedValue { $0 = State() } }
}
