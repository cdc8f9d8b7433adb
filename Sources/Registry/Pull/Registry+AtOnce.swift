public import OCI
public import Storage

/// What was served a moment ago and is served again without waiting for anything: what a cluster asks for a thousand times
/// a second when it starts. Nil means that more has to be looked at, which the other ways do.
extension Registry {
    /// A manifest.
    public func manifestAtOnce(
        _ repository: Repository, _ reference: Reference, isHead: Bool = false
    ) -> Served<StoredManifest>? {
        // What is pushed here and what its upstreams have may differ under one tag.
        guard !repository.namespace.pushes.isOverlay, !mayLackUpstreams(repository.namespace) else { return nil }
        let digest: Digest
        var age: Int64?
        switch reference {
        case .digest(let asked): digest = asked
        case .tag(let tag):
            guard let record = recentTag(repository.name, tag) else { return nil }
            digest = record.digest
            if !repository.namespace.isLocal {
                let seconds = now() - record.checked
                guard repository.namespace.freshness.verdict(on: tag, age: seconds) == .fresh else { return nil }
                age = max(seconds, 0)
            }
        }
        let key = HotContent.Key(repository: repository.name, digest: digest)
        guard case .manifest(let manifest)? = hot.entry(key) else { return nil }
        if !isHead { recordPull(repository, reference, digest) }
        return Served(manifest, .hit, age: age)
    }

    private func recentTag(_ repository: RepositoryName, _ tag: Tag) -> TagRecord? {
        switch hot.entry(HotContent.Key(repository: repository, tag: tag)) {
        case .tag(let record, let sighting)? where sighting.isCurrent: record
        case .recentTag(let record)?: record
        default: nil
        }
    }

    /// What broke off in the middle is not served from memory again: its file may be shorter than it was, which who opens it anew
    /// finds out.
    public func forgetAtOnce(_ repository: RepositoryName, _ digest: Digest) {
        hot.remove(HotContent.Key(repository: repository, digest: digest))
    }

    /// A blob for GET.
    public func blobAtOnce(_ repository: Repository, _ digest: Digest, range: ByteRange?) -> Served<BlobAnswer>? {
        hotContent(HotContent.Key(repository: repository.name, digest: digest)).map { Served(answer($0, range), .hit) }
    }
}
