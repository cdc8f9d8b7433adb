internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
internal import Storage

/// Small content in memory, by digest: manifests and configurations. Two generations: when the young one is full it becomes
/// the old one, and the old one is forgotten; what is used moves on.
final class TierMemory: Sendable {
    struct Entry: Sendable {
        let bytes: ByteBuffer
        /// Nil where it came without.
        let info: ObjectInfo?
    }

    private struct State {
        var young: [Digest: Entry] = [:]
        var old: [Digest: Entry] = [:]
        var size = 0
    }

    /// Bytes of a generation.
    private let capacity: Int
    private let state = NIOLockedValueBox(State())

    /// - Parameter capacity: Bytes of all together.
    init(capacity: Int) {
        self.capacity = capacity / 2
    }

    subscript(digest: Digest) -> Entry? {
        state.withLockedValue { state in
            if let entry = state.young[digest] { return entry }
            guard let entry = state.old.removeValue(forKey: digest) else { return nil }
            insert(entry, digest, &state)
            return entry
        }
    }

    func insert(_ entry: Entry, _ digest: Digest) {
        state.withLockedValue { state in
            // What is known of its age is not forgotten.
            if entry.info == nil, state.young[digest] ?? state.old[digest] != nil { return }
            insert(entry, digest, &state)
        }
    }

    func remove(_ digest: Digest) {
        state.withLockedValue { state in
            if let entry = state.young.removeValue(forKey: digest) { state.size -= Self.cost(entry) }
            state.old[digest] = nil
        }
    }

    private func insert(_ entry: Entry, _ digest: Digest, _ state: inout State) {
        let cost = Self.cost(entry)
        guard cost <= capacity else { return }
        if let known = state.young.removeValue(forKey: digest) { state.size -= Self.cost(known) }
        if state.size + cost > capacity { (state.old, state.young, state.size) = (state.young, [:], 0) }
        state.young[digest] = entry
        state.size += cost
    }

    /// Keys and slots of the table count too.
    private static func cost(_ entry: Entry) -> Int { entry.bytes.readableBytes + 512 }
}
