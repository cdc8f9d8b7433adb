import OCI

/// In which order cached content goes: what was not used for longest first, and nothing before what needs it.
///
/// Before that goes what was used only when it came, but for the newest tenth of all images: a scan of a whole registry, or
/// a fleet that is rolled out once, must not push out what is used every day (decision 14 has the numbers).
enum EvictionOrder {
    /// What goes at once.
    enum Unit: Sendable, Equatable {
        case manifest(Int)
        /// A blob that no manifest of its repository needs.
        case grant(Holdings.GrantKey)
    }

    struct Entry: Sendable {
        let unit: Unit
        let space: Int
        /// Seconds since 1970.
        let lastUse: Int64
        /// Of two used at the same time the lower goes first.
        let rank: Int
        /// Used again after it came.
        let isProven: Bool
    }

    /// How deep indexes and referrers are followed.
    private static let deepest = 8

    /// - Parameter grace: Grants made after this, by seconds since 1970, are left alone in repositories that take pushes: a
    ///   push may be about to refer to them.
    static func entries(_ holdings: inout Holdings, grace: Int64) -> [Entry] {
        let places = Dictionary(
            holdings.manifests.enumerated().map { index, manifest in
                (Holdings.GrantKey(repository: manifest.repository, content: manifest.content), index)
            }, uniquingKeysWith: { first, _ in first })
        func place(_ content: Int, besides index: Int) -> Int? {
            places[Holdings.GrantKey(repository: holdings.manifests[index].repository, content: content)]
        }
        spread(&holdings, places)
        var ranks = [Int](repeating: 0, count: holdings.manifests.count)
        for _ in 0..<deepest {
            var isSettled = true
            for index in holdings.manifests.indices {
                let manifest = holdings.manifests[index]
                for child in manifest.children.compactMap({ place($0, besides: index) })
                where ranks[child] <= ranks[index] {
                    ranks[child] = ranks[index] + 1
                    isSettled = false
                }
                if let subject = manifest.subject.flatMap({ place($0, besides: index) }),
                    ranks[index] <= ranks[subject]
                {
                    ranks[index] = ranks[subject] + 1
                    isSettled = false
                }
            }
            if isSettled { break }
        }
        var entries: [Entry] = []
        for (index, manifest) in holdings.manifests.enumerated() where !manifest.isKept && !manifest.isPinned {
            entries.append(
                Entry(
                    unit: .manifest(index), space: holdings.repositories[manifest.repository].space,
                    lastUse: manifest.lastUse, rank: ranks[index], isProven: manifest.isProven))
        }
        for (key, grant) in holdings.grants where grant.users == 0 && !grant.isKept {
            let repository = holdings.repositories[key.repository]
            if repository.ownership == .mixed, grant.time >= grace { continue }
            entries.append(
                Entry(
                    unit: .grant(key), space: repository.space, lastUse: grant.time, rank: 0,
                    isProven: false))
        }
        let sorted = entries.sorted { ($0.lastUse, $0.rank) < ($1.lastUse, $1.rank) }
        var early = sorted.count { !$0.isProven } - sorted.count / newcomers
        var first: [Entry] = []
        var rest: [Entry] = []
        for entry in sorted {
            if !entry.isProven, early > 0 {
                early -= 1
                first.append(entry)
            } else {
                rest.append(entry)
            }
        }
        return first + rest
    }

    /// One in so many images may be one that still has to be used a second time.
    private static let newcomers = 10

    /// Lets keeping, pinning and use reach what they mean: the images of an index, and what refers to them.
    private static func spread(_ holdings: inout Holdings, _ places: [Holdings.GrantKey: Int]) {
        for _ in 0..<deepest {
            var isSettled = true
            for index in holdings.manifests.indices {
                let manifest = holdings.manifests[index]
                func place(_ content: Int) -> Int? {
                    places[Holdings.GrantKey(repository: manifest.repository, content: content)]
                }
                let children = manifest.children.compactMap(place)
                if manifest.isKept || manifest.isPinned {
                    for child in children where !holdings.manifests[child].isKept && !holdings.manifests[child].isPinned
                    {
                        holdings.manifests[child].isPinned = true
                        isSettled = false
                    }
                }
                // An index lives as long as the last of its images, and that one as long as the index is used.
                if let last = children.max(by: { holdings.manifests[$0].lastUse < holdings.manifests[$1].lastUse }) {
                    let use = max(holdings.manifests[last].lastUse, manifest.lastUse)
                    let isProven = holdings.manifests[last].isProven || manifest.isProven
                    if holdings.manifests[last].lastUse < use || manifest.lastUse < use
                        || holdings.manifests[last].isProven != manifest.isProven
                    {
                        for member in [last, index] {
                            holdings.manifests[member].lastUse = use
                            holdings.manifests[member].isProven = isProven
                        }
                        isSettled = false
                    }
                }
                guard let subject = manifest.subject.flatMap(place) else { continue }
                let named = holdings.manifests[subject]
                if named.isKept || named.isPinned, !manifest.isKept, !manifest.isPinned {
                    holdings.manifests[index].isPinned = true
                    isSettled = false
                }
                if manifest.lastUse < named.lastUse || (named.isProven && !manifest.isProven) {
                    holdings.manifests[index].lastUse = max(manifest.lastUse, named.lastUse)
                    holdings.manifests[index].isProven = manifest.isProven || named.isProven
                    isSettled = false
                }
            }
            if isSettled { return }
        }
    }
}
