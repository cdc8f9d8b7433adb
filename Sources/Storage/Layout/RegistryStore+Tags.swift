public import OCI

/// What a tag names, and when that was last known to be so.
public struct TagRecord: Sendable, Equatable {
    public let digest: Digest
    /// Seconds since 1970: when the tag was pushed, fetched or last confirmed by the upstream.
    public let checked: Int64

    public init(digest: Digest, checked: Int64) {
        self.digest = digest
        self.checked = checked
    }
}

extension RegistryStore {
    public func tag(_ tag: Tag, in repository: RepositoryName) async throws(StorageError) -> TagRecord? {
        guard let (digest, info) = try await link(RegistryLayout.tagLink(tag, in: repository)) else { return nil }
        return TagRecord(digest: digest, checked: info.modified)
    }

    /// Whether the tag names `digest`; one whose link is damaged names nothing.
    public func names(
        _ tag: Tag, _ digest: Digest, in repository: RepositoryName
    ) async throws(StorageError) -> Bool {
        try await tagState(tag, in: repository) == .names(digest)
    }

    /// Current for as long as ``tag(_:in:)`` gives the same; nil where that is not known at once.
    public func sighting(of tag: Tag, in repository: RepositoryName) -> (any ObjectSighting)? {
        objects.sighting(RegistryLayout.tagLink(tag, in: repository))
    }

    /// Points the tag at `digest`, as of now. The age of the link is the time of the last check: confirming a tag is
    /// writing it again, and needs no record of its own.
    public func setTag(
        _ tag: Tag, to digest: Digest, in repository: RepositoryName, _ durability: Durability
    ) async throws(StorageError) {
        let index = RegistryLayout.tagIndexLink(tag, digest, in: repository)
        let isIndexed = if objects.isRemote { false } else { try await objects.info(index) != nil }
        let current = link(RegistryLayout.tagLink(tag, in: repository), to: digest)
        try await objects.carryOut(isIndexed ? [current] : [link(index, to: digest), current], durability)
    }

    /// The same if the tag still names what it named: of several who do that at once one, as far as the store can tell.
    ///
    /// - Parameter old: Nil if it named nothing.
    /// - Returns: False if it names something else by now.
    public func setTag(
        _ tag: Tag, to digest: Digest, over old: Digest?, in repository: RepositoryName, _ durability: Durability
    ) async throws(StorageError) -> Bool {
        let link = RegistryLayout.tagLink(tag, in: repository)
        guard try await writeLink(link, digest, over: old, durability) else { return false }
        // Only now: who comes too late leaves nothing in what the tag ever named.
        try await writeLink(RegistryLayout.tagIndexLink(tag, digest, in: repository), digest, durability)
        return true
    }

    public func removeTag(_ tag: Tag, in repository: RepositoryName) async throws(StorageError) {
        // The current link first: without it the tag is gone, whatever happens to the rest.
        try await objects.delete(RegistryLayout.tagLink(tag, in: repository))
        try await objects.delete(RegistryLayout.tagFolder(tag, in: repository))
        try await objects.delete(RegistryLayout.pullTime(of: .tag(tag), in: repository))
    }

    /// Marks a tag as pushed here, where upstreams name tags too.
    public func markPushed(
        _ tag: Tag, _ digest: Digest, in repository: RepositoryName
    ) async throws(StorageError) {
        try await writeLink(RegistryLayout.pushedTag(tag, in: repository), digest, .durable)
    }

    /// The digest that the tag was last pushed with here; nil if it never was.
    public func pushedTag(_ tag: Tag, in repository: RepositoryName) async throws(StorageError) -> Digest? {
        try await link(RegistryLayout.pushedTag(tag, in: repository))?.digest
    }

    public func unmarkPushed(_ tag: Tag, in repository: RepositoryName) async throws(StorageError) {
        try await objects.delete(RegistryLayout.pushedTag(tag, in: repository))
    }

    /// Tags in lexical order, those after `last`, at most `limit`.
    public func tags(
        of repository: RepositoryName, after last: String?, limit: Int
    ) async throws(StorageError) -> [Tag] {
        var tags: [Tag] = []
        var after = last
        while tags.count < limit {
            let wanted = limit - tags.count
            // A folder without a current link is a tag that is being made or removed.
            let page = try await objects.list(
                RegistryLayout.tags(of: repository), holding: RegistryLayout.currentLink, after: after, limit: wanted)
            tags += page.lazy.compactMap { Tag($0) }
            guard page.count == wanted, let end = page.last else { break }
            after = end
        }
        return tags
    }
}
