internal import OCI

/// What the tier holds and how much that is, as a plain value: who goes when room is wanted is decided here, and nothing is
/// done about it.
///
/// Least recently used, nearly: whoever was used since it was last looked at goes to the end of the queue once more, so that
/// a hit costs one assignment and no list.
struct TierIndex {
    struct Entry: Equatable {
        /// Bytes.
        let size: Int64
        /// Seconds since 1970 when its bytes were last hashed; 0 if not by this process.
        var checked: Int64
        /// Seconds since 1970.
        var used: Int64
        fileprivate let id: UInt64
        /// A number that grows with every use.
        fileprivate var turn: UInt64
    }

    private struct Place {
        let digest: Digest
        let id: UInt64
        let turn: UInt64
    }

    /// Bytes that may be held.
    let capacity: Int64
    private var entries: [Digest: Entry] = [:]
    private var queue: [Place] = []
    private var front = 0
    private var turn: UInt64 = 0
    private(set) var held: Int64 = 0
    /// Bytes of those that are on their way in.
    private(set) var reserved: Int64 = 0

    init(capacity: Int64) {
        self.capacity = capacity
    }

    var count: Int { entries.count }

    subscript(digest: Digest) -> Entry? { entries[digest] }

    /// - Returns: The entry as it was before.
    mutating func use(_ digest: Digest, at time: Int64) -> Entry? {
        guard let entry = entries[digest] else { return nil }
        turn += 1
        entries[digest]?.turn = turn
        entries[digest]?.used = time
        return entry
    }

    /// Keeps room for something, at the cost of what was used least.
    ///
    /// - Returns: Who has to go; nil if there can be no such room.
    mutating func reserve(_ size: Int64) -> [(Digest, Entry)]? {
        guard size <= capacity - reserved else { return nil }
        let gone = evict(held + reserved + size - capacity)
        reserved += size
        return gone
    }

    mutating func release(_ size: Int64) { reserved -= size }

    /// For who has reserved its room, or takes what there is.
    mutating func insert(_ digest: Digest, size: Int64, checked: Int64, used: Int64) {
        remove(digest)
        turn += 1
        entries[digest] = Entry(size: size, checked: checked, used: used, id: turn, turn: turn)
        queue.append(Place(digest: digest, id: turn, turn: turn))
        held += size
        // Places of what was removed in the middle.
        if queue.count - front > 2 * entries.count + 64 {
            queue = queue[front...].filter { entries[$0.digest]?.id == $0.id }
            front = 0
        }
    }

    mutating func check(_ digest: Digest, at time: Int64) { entries[digest]?.checked = time }

    @discardableResult
    mutating func remove(_ digest: Digest) -> Entry? {
        guard let entry = entries.removeValue(forKey: digest) else { return nil }
        held -= entry.size
        return entry
    }

    /// Takes out the least used until so many bytes are free.
    mutating func evict(_ bytes: Int64) -> [(Digest, Entry)] {
        var gone: [(Digest, Entry)] = []
        var left = bytes
        while left > 0, front < queue.count {
            let place = queue[front]
            front += 1
            guard let entry = entries[place.digest], entry.id == place.id else { continue }
            if entry.turn != place.turn {
                queue.append(Place(digest: place.digest, id: entry.id, turn: entry.turn))
                continue
            }
            remove(place.digest)
            left -= entry.size
            gone.append((place.digest, entry))
        }
        if front > queue.count / 2 {
            queue.removeFirst(front)
            front = 0
        }
        return gone
    }
}
