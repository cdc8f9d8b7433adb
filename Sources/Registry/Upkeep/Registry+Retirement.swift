internal import Coordination
internal import NIOCore
public import OCI
internal import Storage

extension Registry {
    /// How many manifests are removed before writers get a turn. Each batch looks at all tags first.
    private static let batch = 200

    /// Removes tags and manifests that were judged a moment ago, but for what has changed since: a tag that was pushed again,
    /// a manifest that a tag or another manifest needs by now. What refers to something that is still here stays with it.
    ///
    /// - Parameters:
    ///   - tags: With what each named when it was judged, and since when.
    ///   - manifests: In the order in which they are to go.
    ///   - known: All manifests that there were then, with when each was pushed, by seconds since 1970.
    /// - Returns: How many tags and manifests are gone.
    public func retire(
        _ tags: [RetiredTag], _ manifests: [Digest], known: [Digest: Int64],
        in repository: Repository
    ) async throws(RegistryError) -> (tags: Int, manifests: Int) {
        var removedTags = 0
        var removedManifests = 0
        for start in stride(from: 0, to: tags.count, by: Self.batch) {
            let part = tags[start..<min(start + Self.batch, tags.count)]
            removedTags += try await writers.withLock(repository.name) { () async throws(RegistryError) in
                try await writing { (store) async throws(StorageError) in
                    var count = 0
                    for retired in part {
                        guard try await store.tag(retired.tag, in: repository.name) == retired.record else { continue }
                        if let subject = retired.subject, try await store.hasManifest(subject, in: repository.name) {
                            continue
                        }
                        try await store.removeTag(retired.tag, in: repository.name)
                        count += 1
                    }
                    return count
                }
            }
        }
        for start in stride(from: 0, to: manifests.count, by: Self.batch) {
            let part = manifests[start..<min(start + Self.batch, manifests.count)]
            removedManifests += try await writers.withLock(repository.name) { () async throws(RegistryError) in
                try await retire(part, known, repository.name)
            }
        }
        return (removedTags, removedManifests)
    }

    private func retire(
        _ manifests: ArraySlice<Digest>, _ known: [Digest: Int64], _ repository: RepositoryName
    ) async throws(RegistryError) -> Int {
        let removed = try await writing { (store) async throws(StorageError) -> [Digest] in
            let needed = try await neededNow(known, repository)
            var removed: [Digest] = []
            for digest in manifests where !needed.contains(digest) {
                if let manifest = try await store.manifest(digest, in: repository),
                    let subject =
                        (try? Manifest.relayed(
                            manifest.bytes.readableBytesView, besides: manifest.mediaType))?.subject
                {
                    if try await store.hasManifest(subject.digest, in: repository) { continue }
                    try await store.removeReferrer(digest, of: subject.digest, in: repository)
                }
                try await store.removeManifest(digest, in: repository)
                removed.append(digest)
            }
            return removed
        }
        for digest in removed { hot.remove(HotContent.Key(repository: repository, digest: digest)) }
        return removed.count
    }

    /// What tags name, and what manifests that were pushed since name.
    private func neededNow(_ known: [Digest: Int64], _ repository: RepositoryName) async throws(StorageError) -> Set<
        Digest
    > {
        var needed: Set<Digest> = []
        for tag in try await store.tags(of: repository, after: nil, limit: .max) {
            if let record = try await store.tag(tag, in: repository) { needed.insert(record.digest) }
        }
        for (digest, time) in try await store.manifests(of: repository) where known[digest] != time {
            needed.insert(digest)
            guard let manifest = try await store.manifest(digest, in: repository),
                let content = try? Manifest.relayed(manifest.bytes.readableBytesView, besides: manifest.mediaType)
            else { continue }
            needed.formUnion(content.manifests.map(\.digest))
            if let subject = content.subject { needed.insert(subject.digest) }
        }
        return needed
    }
}
