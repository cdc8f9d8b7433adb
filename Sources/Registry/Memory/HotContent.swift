import NIOConcurrencyHelpers
import NIOCore
import OCI
import Storage

/// Small content of the last moments, in memory: what a cluster asks for a thousand times a second when it starts.
///
/// Holds only what was read from the store under a grant, keyed by both, and for a few seconds: content removed behind
/// the server's back is gone here soon after. A tag holds as long as the store says that it is as it was read, or, where the store
/// would have to be asked, for these seconds if it is a mirror's.
final class HotContent: Sendable {
    struct Key: Hashable {
        let repository: RepositoryName
        let reference: Reference

        init(repository: RepositoryName, digest: Digest) {
            self.repository = repository
            reference = .digest(digest)
        }

        init(repository: RepositoryName, tag: Tag) {
            self.repository = repository
            reference = .tag(tag)
        }
    }

    enum Entry {
        case manifest(StoredManifest)
        case blob(ByteBuffer)
        /// Larger, and open.
        case file(OpenFile, size: Int64)
        case tag(TagRecord, any ObjectSighting)
        /// As it was read, where asking whether it still is would be as much as reading it.
        case recentTag(TagRecord)

        /// Bytes of memory, or what a descriptor counts as.
        var size: Int {
            switch self {
            case .manifest(let manifest): manifest.bytes.readableBytes
            case .blob(let bytes): bytes.readableBytes
            case .recentTag: 64
            case .file, .tag: 64 << 10
            }
        }
    }

    /// Two generations: when the young one is full or old, it becomes the old one and the old one is forgotten. No
    /// list to maintain on a hit, and never more than twice the capacity.
    private struct State {
        var young: [Key: Entry] = [:]
        var old: [Key: Entry] = [:]
        var youngSize = 0
        var bornAt: NIODeadline = .now()
        var hasOld = false
        var removals = 0
    }

    /// Larger blobs go out by descriptor.
    static let largestBlob = 32 << 10
    private static let largestManifest = 256 << 10

    private let capacity: Int
    private let lifetime: TimeAmount
    private let state = NIOLockedValueBox(State())

    init(capacity: Int = 4 << 20, lifetime: TimeAmount = .seconds(2)) {
        self.capacity = capacity
        self.lifetime = lifetime
    }

    func entry(_ key: Key) -> Entry? {
        state.withLockedValue { state in
            age(&state)
            return state.young[key] ?? state.old[key]
        }
    }

    /// How often something was removed. Who means to insert what it reads takes the number before it reads.
    var removals: Int { state.withLockedValue { $0.removals } }

    /// - Parameter removals: Nothing is inserted if something was removed since: it may have been this.
    func insert(_ entry: Entry, _ key: Key, since removals: Int) {
        guard entry.size <= Self.largestManifest else { return }
        state.withLockedValue { state in
            guard state.removals == removals else { return }
            age(&state)
            if state.youngSize + entry.size > capacity { turn(&state, .now()) }
            guard state.young.updateValue(entry, forKey: key) == nil else { return }
            // Keys and table slots count too: a flood of tiny blobs must not grow past the capacity.
            state.youngSize += entry.size + 512
        }
    }

    func remove(_ key: Key) {
        state.withLockedValue { state in
            state.removals += 1
            state.young[key] = nil
            state.old[key] = nil
        }
    }

    private func age(_ state: inout State) {
        guard state.youngSize > 0 || state.hasOld else { return }
        let now = NIODeadline.now()
        if now - state.bornAt > lifetime { turn(&state, now) }
    }

    private func turn(_ state: inout State, _ now: NIODeadline) {
        // After a long pause the young generation is too old to live on as the old one.
        state.old = now - state.bornAt > lifetime * 2 ? [:] : state.young
        state.hasOld = !state.old.isEmpty
        state.young = [:]
        state.youngSize = 0
        state.bornAt = now
    }
}
