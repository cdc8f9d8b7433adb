import NIOCore
import OCI
import Registry
import Storage

/// What a repository has, as retention sees it, and what of it goes with something else.
struct RetentionHoldings {
    struct Held {
        var content: Manifest?
        /// Seconds since 1970.
        var time: Int64
        var size: Int64
    }

    private(set) var manifests: [Digest: Held] = [:]
    /// Tags of manifests that are here, but for companions.
    private(set) var tags: [(tag: Tag, record: TagRecord)] = []
    /// Tags made of the digest of something that is here and judged: what tools that are older than referrers keep there, as
    /// cosign its signatures, goes and stays with it.
    private(set) var companions: [RetiredTag] = []
    private var referrers: [Digest: [Digest]] = [:]
    private var companionSubjects: Set<Digest> = []

    /// - Throws: `StorageError` also where a tag's link cannot be read: what it names may be anything.
    static func read(
        _ repository: RepositoryName, _ store: RegistryStore, pace: () async throws -> Void
    ) async throws -> RetentionHoldings {
        var holdings = RetentionHoldings()
        for (digest, time) in try await store.manifests(of: repository) {
            try await pace()
            let stored = try await store.manifest(digest, in: repository)
            let content = stored.flatMap {
                try? Manifest.relayed($0.bytes.readableBytesView, besides: $0.mediaType)
            }
            if let subject = content?.subject?.digest { holdings.referrers[subject, default: []].append(digest) }
            holdings.manifests[digest] = Held(
                content: content, time: time, size: Int64(stored?.bytes.readableBytes ?? 0))
        }
        let marks = Dictionary(holdings.manifests.keys.map { (Tag(referrersOf: $0).value, $0) }) { first, _ in first }
        let lengths = Set(marks.keys.map(\.utf8.count))
        var open: [RetiredTag] = []
        for tag in try await store.tags(of: repository, after: nil, limit: .max) {
            try await pace()
            guard let record = try await store.tag(tag, in: repository), holdings.manifests[record.digest] != nil else {
                continue
            }
            let subject = lengths.lazy.compactMap { marks[String(tag.value.prefix($0))] }.first
            if let subject, subject != record.digest {
                open.append(RetiredTag(tag: tag, record: record, subject: subject))
            } else {
                holdings.tags.append((tag, record))
            }
        }
        holdings.divide(open)
        return holdings
    }

    /// Of those that name each other in a circle none goes with the other: they are judged.
    private mutating func divide(_ open: [RetiredTag]) {
        companions = open
        let judged = Set(tags.map(\.record.digest)).union(loose(besides: Set(open.map(\.record.digest))))
        let reached = belonging(to: judged).all
        companions = open.filter { $0.subject.map(reached.contains) ?? false }
        companionSubjects = Set(companions.compactMap(\.subject))
        tags += open.filter { !($0.subject.map(reached.contains) ?? false) }.map { ($0.tag, $0.record) }
    }

    /// Manifests without a tag that belong to nothing else.
    var loose: Set<Digest> { loose(besides: tagged) }

    private func loose(besides tagged: Set<Digest>) -> Set<Digest> {
        let children = Set(manifests.values.flatMap { $0.content?.manifests.map(\.digest) ?? [] })
        return untagged(besides: tagged).subtracting(children)
    }

    /// Those that refer to nothing that is here.
    private func untagged(besides tagged: Set<Digest>) -> Set<Digest> {
        Set(
            manifests.lazy.filter { digest, held in
                guard !tagged.contains(digest) else { return false }
                return held.content?.subject.map { manifests[$0.digest] == nil } ?? true
            }.map(\.key))
    }

    private var tagged: Set<Digest> { Set(tags.map(\.record.digest) + companions.map(\.record.digest)) }

    /// Whether something refers to it.
    func hasReferrers(_ digest: Digest) -> Bool {
        referrers[digest] != nil || companionSubjects.contains(digest)
    }

    /// Manifests without a tag that came only just now, seconds after which that is so no more: an index that names them may be
    /// on its way. What refers to another goes and stays with that.
    func fresh(_ grace: Int64, now: Int64) -> Set<Digest> {
        untagged(besides: tagged).filter { manifests[$0].map { now - $0.time < grace } ?? false }
    }

    /// What stays along with `roots`: the parts of indexes, and whatever refers to something that stays.
    ///
    /// - Returns: All with the roots, and the parts among them.
    func belonging(to roots: Set<Digest>) -> (all: Set<Digest>, parts: Set<Digest>) {
        let companions = Dictionary(grouping: companions, by: \.subject).mapValues { $0.map(\.record.digest) }
        var all = roots
        var parts: Set<Digest> = []
        var open = Array(roots)
        while let digest = open.popLast() {
            for child in manifests[digest]?.content?.manifests ?? []
            where manifests[child.digest] != nil && all.insert(child.digest).inserted {
                parts.insert(child.digest)
                open.append(child.digest)
            }
            for referrer in (referrers[digest] ?? []) + (companions[digest] ?? [])
            where all.insert(referrer).inserted { open.append(referrer) }
        }
        return (all, parts)
    }

    /// What goes, in the order in which it does: what is referred to before what refers to it.
    func steps(removing tags: [RetiredTag], keeping kept: Set<Digest>) -> [RetentionReview.Step] {
        let subjects = Dictionary(grouping: companions, by: \.record.digest).mapValues { $0.compactMap(\.subject) }
        var ranks: [Digest: Int] = [:]
        func rank(_ digest: Digest, depth: Int) -> Int {
            if let known = ranks[digest] { return known }
            guard depth < 8 else { return 0 }
            var result = 0
            for subject in (subjects[digest] ?? []) + [manifests[digest]?.content?.subject?.digest].compactMap(\.self)
            where manifests[subject] != nil { result = max(result, rank(subject, depth: depth + 1) + 1) }
            ranks[digest] = result
            return result
        }
        var steps: [RetentionReview.Step] = []
        func add(at rank: Int, _ change: (inout RetentionReview.Step) -> Void) {
            while steps.count <= rank { steps.append(RetentionReview.Step()) }
            change(&steps[rank])
        }
        for tag in tags {
            add(at: tag.subject.map { rank($0, depth: 0) + 1 } ?? 0) { $0.tags.append(tag) }
        }
        for digest in manifests.keys.sorted() where !kept.contains(digest) {
            add(at: rank(digest, depth: 0)) { $0.manifests.append(digest) }
        }
        return steps
    }
}
