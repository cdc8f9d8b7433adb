public import OCI
internal import Storage
internal import Upstream

/// One page of a repository's tags.
public struct TagPage: Sendable {
    public let tags: [Tag]
    public let hasMore: Bool

    public init(tags: [Tag], hasMore: Bool) {
        self.tags = tags
        self.hasMore = hasMore
    }
}

extension Registry {
    /// Upper bounds of what one listing collects from an upstream.
    private static let upstreamPage = 1000
    private static let upstreamPages = 100
    private static let mostTags = upstreamPage * upstreamPages

    /// Tags in lexical order: those of the upstream and those held.
    ///
    /// - Parameters:
    ///   - last: Tags up to and including this text are left out.
    ///   - limit: At most so many; nil for all.
    public func tags(
        _ repository: Repository, after last: String?, limit: Int?
    ) async throws(RegistryError) -> Served<TagPage> {
        // Nobody has to be asked for nothing.
        if limit == 0, !repository.namespace.isLocal { return Served(Self.page([], 0), .hit) }
        // What is beyond a page shows on the next one.
        let held = try await heldTags(
            repository, after: last, limit: min(limit ?? Self.mostTags, Self.mostTags) + 1)
        guard !repository.namespace.isLocal else {
            if held.isEmpty, last == nil {
                // A repository may have manifests and no tags.
                let isKnown = try await stored { (store) async throws(StorageError) in
                    try await store.holdsManifests(repository.name)
                }
                guard isKnown else { throw .unknownName(repository) }
            }
            return Served(Self.page(held, limit), .hit)
        }
        if last != nil, let (upstream, age) = recentTagLists.tags(repository.name, now: now()) {
            return Served(Self.page(upstream, held, after: last, limit), .hit, age: age)
        }
        do throws(RegistryError) {
            let (upstream, isCollapsed) = try await tagLists.value(repository.name) { () async throws(RegistryError) in
                let tags = try await upstreamTags(repository)
                recentTagLists.insert(tags, repository.name, now: now())
                return tags
            }
            return Served(
                Self.page(upstream, held, after: last, limit),
                CacheStatus(forward: .miss, isCollapsed: isCollapsed))
        } catch {
            // The upstream need not know a repository that only clients pushed to.
            if repository.namespace.pushes.isOverlay, error.status == 404, !held.isEmpty {
                return Served(Self.page(held, limit), CacheStatus(forward: .miss))
            }
            // Refused or unknown is the upstream's word; where it merely failed, what is held is better than nothing.
            guard error.status >= 429, !held.isEmpty else { throw error }
            return Served(
                Self.page(held, limit), CacheStatus(forward: .stale),
                warning: "tags of the cache only: \(error.message)")
        }
    }

    private func heldTags(
        _ repository: Repository, after last: String?, limit: Int
    ) async throws(RegistryError) -> [Tag] {
        try await stored { (store) async throws(StorageError) in
            try await store.tags(of: repository.name, after: last, limit: limit)
        }
    }

    /// All tags of the first upstream that lists them, page by page. Each page has the time of a manifest.
    private func upstreamTags(_ repository: Repository) async throws(RegistryError) -> [Tag] {
        var tags: Set<Tag> = []
        var place: UpstreamListPlace?
        var visited: Set<UpstreamListPlace> = []
        var upstreams = upstreams(repository)
        do throws(UpstreamListError) {
            for _ in 0..<Self.upstreamPages {
                let found = try await upstreams.first(.question) { [place] (upstream) async throws(UpstreamError) in
                    try await upstream.tags(repository.remoteName, at: place, limit: Self.upstreamPage)
                }
                tags.formUnion(found.answer.tags.prefix(Self.mostTags - tags.count))
                // An upstream that pages in circles must not keep us here.
                guard let next = found.answer.next, visited.insert(next).inserted, tags.count < Self.mostTags else {
                    break
                }
                place = next
                // The rest of a list is with whom it began.
                upstreams = upstreams.only(found.upstream)
            }
        } catch {
            throw RegistryError(error, absent: .nameUnknown)
        }
        return tags.sorted()
    }

    private static func page(_ upstream: [Tag], _ held: [Tag], after last: String?, _ limit: Int?) -> TagPage {
        let later =
            last.map { last in upstream.filter { last.utf8.lexicographicallyPrecedes($0.value.utf8) } } ?? upstream
        return page(Set(later).union(held).sorted(), limit)
    }

    private static func page(_ tags: [Tag], _ limit: Int?) -> TagPage {
        guard let limit else { return TagPage(tags: tags, hasMore: false) }
        return TagPage(tags: Array(tags.prefix(limit)), hasMore: tags.count > limit)
    }
}
