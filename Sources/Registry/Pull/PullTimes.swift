import Metrics
import NIOConcurrencyHelpers
import OCI
import Storage

/// When manifests and tags were last pulled.
///
/// A pull is an entry in memory. The store learns of many pulls at once, and of what is pulled all day only once in
/// ``resolution``. After a crash, the pulls of the last minute are forgotten.
final class PullTimes: Sendable {
    struct Key: Hashable {
        let repository: RepositoryName
        let reference: Reference
    }

    /// Seconds by which a stored time may be too early.
    static let resolution: Int64 = 3600
    /// Entries; a flood of names must not take all memory.
    static let capacity = 20_000

    private struct State {
        var pending: [Key: Int64] = [:]
        /// What the store has, of what was pulled in the last ``resolution``.
        var written: [Key: Int64] = [:]
    }

    private let state = NIOLockedValueBox(State())
    private let forgotten = Counter(label: "entrepot_pull_times_forgotten_total")

    func record(_ key: Key, at time: Int64) {
        let isKept = state.withLockedValue { state in
            if let written = state.written[key], abs(time - written) < Self.resolution { return true }
            guard state.pending.count < Self.capacity || state.pending[key] != nil else { return false }
            state.pending[key] = time
            return true
        }
        if !isKept { forgotten.increment() }
    }

    /// A pull that the store may not know of yet.
    func recent(_ key: Key) -> Int64? {
        state.withLockedValue { $0.pending[key] ?? $0.written[key] }
    }

    /// Writes what is new. What cannot be written is left for the next time.
    ///
    /// - Returns: How many times were written.
    func write(into store: RegistryStore, now: Int64) async throws(StorageError) -> Int {
        let pending = state.withLockedValue { $0.pending }
        var count = 0
        for (key, time) in pending {
            // Deleted meanwhile: a time alone would stay for ever.
            let exists = try await store.holds(key.reference, in: key.repository)
            if exists {
                try await store.setPullTime(time, of: key.reference, in: key.repository)
                count += 1
            }
            state.withLockedValue { state in
                if state.pending[key] == time { state.pending[key] = nil }
                if exists { state.written[key] = time }
            }
        }
        state.withLockedValue { state in
            state.written = state.written.filter { abs(now - $0.value) < Self.resolution }
            if state.written.count > Self.capacity { state.written = [:] }
        }
        return count
    }
}
