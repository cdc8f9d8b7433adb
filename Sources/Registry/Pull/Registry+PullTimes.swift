public import OCI
internal import Storage

extension Registry {
    /// When the manifest or tag was last pulled, by seconds since 1970 and up to an hour too early; nil if it never was.
    /// A pull by tag is one of the manifest as well; a HEAD is none.
    public func lastPulled(_ reference: Reference, in repository: RepositoryName) async throws(RegistryError) -> Int64?
    {
        if let recent = pullTimes.recent(PullTimes.Key(repository: repository, reference: reference)) { return recent }
        return try await stored { (store) async throws(StorageError) in
            try await store.pullTime(of: reference, in: repository)
        }
    }

    /// - Returns: How many times were written.
    func writePullTimes() async throws(StorageError) -> Int {
        try await pullTimes.write(into: store, now: now())
    }

    func recordPull(_ repository: Repository, _ reference: Reference, _ digest: Digest) {
        let time = now()
        pullTimes.record(PullTimes.Key(repository: repository.name, reference: .digest(digest)), at: time)
        guard case .tag = reference else { return }
        pullTimes.record(PullTimes.Key(repository: repository.name, reference: reference), at: time)
    }
}
