import NIOConcurrencyHelpers
import Storage

/// Sorted names of large folders, so that a page of a list does not read the whole folder again.
///
/// A folder's names hold as long as the time of its last change is the same. That time is coarse: it is relied on only when it
/// lay well in the past when the names were read.
final class FolderNames: Sendable {
    struct Key: Hashable {
        let path: String
        /// Only names below which this lies.
        let child: String?
    }

    fileprivate struct Entry {
        let change: FileChange
        /// In lexical byte order, those with their child.
        let names: [String]
        /// Without it when they were read: that it comes does not change the folder.
        let incomplete: [String]
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var count = 0
        var uses: UInt64 = 0
    }

    /// Names that are remembered, of all folders together.
    private static let most = 1 << 18
    /// A folder of no more names is read on the spot each time.
    static let few = 64

    private let state = NIOLockedValueBox(State())

    /// Names that are known to hold now; nil if they have to be read.
    func known(_ key: Key) -> [String]? {
        let found = state.withLockedValue { state -> Entry? in
            guard state.entries[key] != nil else { return nil }
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return state.entries[key]
        }
        guard let found, found.change == FileChange(at: key.path) else { return nil }
        guard !found.incomplete.isEmpty, let child = key.child else { return found.names }
        let late = found.incomplete.filter { Directory.exists("\(key.path)/\($0)/\(child)") }
        return late.isEmpty ? found.names : Directory.sorted(found.names + late)
    }

    /// Reads a folder, and remembers it if it is large and at rest.
    func read(_ key: Key, _ object: ObjectKey) throws(StorageError) -> [String] {
        let change = FileChange(at: key.path)
        let isSettled = change?.isSettled ?? false
        guard let (found, incomplete) = try Self.parted(key, object, most: .max) else { return [] }
        let names = Directory.sorted(found)
        let count = names.count + incomplete.count
        if let change, isSettled, count > Self.few, count <= Self.most / 4 {
            remember(key, Entry(change: change, names: names, incomplete: incomplete, lastUse: 0))
        }
        return names
    }

    /// The names of a folder that has only a few; nil if it has more.
    static func few(_ key: Key, _ object: ObjectKey) throws(StorageError) -> [String]? {
        try parted(key, object, most: few).map { Directory.sorted($0.names) }
    }

    /// In no order, those without the child apart; nil if there are more than `most`.
    private static func parted(
        _ key: Key, _ object: ObjectKey, most: Int
    ) throws(StorageError) -> (names: [String], incomplete: [String])? {
        try Directory.withNames(key.path, object, most: most) { all, folder in
            let all = Directory.settled(all)
            guard let child = key.child else { return (all, []) }
            var names: [String] = []
            var incomplete: [String] = []
            names.reserveCapacity(all.count)
            for name in all {
                if Directory.exists("\(name)/\(child)", in: folder) {
                    names.append(name)
                } else {
                    incomplete.append(name)
                }
            }
            return (names, incomplete)
        }
    }

    private func remember(_ key: Key, _ entry: Entry) {
        state.withLockedValue { state in
            state.uses += 1
            var entry = entry
            entry.lastUse = state.uses
            if let old = state.entries.updateValue(entry, forKey: key) { state.count -= old.size }
            state.count += entry.size
            while state.count > Self.most, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.entries[oldest.key] = nil
                state.count -= oldest.value.size
            }
        }
    }

    /// Everything in a folder, without remembering it; nil if it is unchanged since `version`.
    static func look(_ key: Key, _ object: ObjectKey, unless version: FolderVersion?) throws(StorageError)
        -> FolderLook?
    {
        let change = FileChange(at: key.path)
        let now = change.map { $0.isSettled ? $0.version : nil } ?? FolderVersion.absent
        if let now, now == version { return nil }
        guard let (names, incomplete) = try parted(key, object, most: .max) else { return nil }
        return FolderLook(holding: names, empty: incomplete, version: now)
    }
}

extension FolderNames.Entry {
    fileprivate var size: Int { names.count + incomplete.count }
}
