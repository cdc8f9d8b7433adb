internal import Coordination
public import OCI
public import Storage

/// What the janitor may do to local content. Clients go on meanwhile.
extension Registry {
    /// Removes a repository's condemned link to a blob, unless a push has taken an interest in it.
    ///
    /// - Parameters:
    ///   - mark: As it was before the repository's manifests were looked at.
    ///   - check: Throws if the collector may not be the only one any more.
    /// - Returns: Whether it is gone.
    public func collectGrant(
        _ digest: Digest, in repository: RepositoryName, _ mark: Condemnation, by round: CollectionRound,
        check: () throws(StorageError) -> Void = {}
    ) async throws(RegistryError) -> Bool {
        // A push that has looked at the link has made its manifest visible before the next one is looked at.
        let isGone = try await writers.withLock(repository) { () async throws(RegistryError) in
            try await writing { (store) async throws(StorageError) in
                try await store.removeCondemned(.grant(digest, in: repository), mark, by: round, check: check) != nil
            }
        }
        if isGone { hot.remove(HotContent.Key(repository: repository, digest: digest)) }
        return isGone
    }

    /// Removes what is left of uploads that ended in the middle.
    ///
    /// - Parameter time: Only what was not written to since, by seconds since 1970.
    /// - Returns: How many there were.
    public func collectUploads(of repository: RepositoryName, before time: Int64) async throws(RegistryError) -> Int {
        try await uploads.collectRemains(of: repository, before: time)
    }

    /// What a push is about to refer to is left alone for another while.
    ///
    /// - Returns: Those that the repository has no link to.
    func secureGrants(
        _ blobs: Set<Digest>, in repository: RepositoryName
    ) async throws(RegistryError) -> Set<Digest> {
        try await writing { (store) async throws(StorageError) in
            try await store.secureGrants(blobs, in: repository)
        }
    }

    /// Who is told that a blob is here will not push it: it is left alone for another while.
    func rescue(_ digest: Digest, in repository: RepositoryName) async throws(RegistryError) {
        try await writing { (store) async throws(StorageError) in
            try await store.rescue(.grant(digest, in: repository))
        }
    }
}

extension Uploads {
    func collectRemains(of repository: RepositoryName, before time: Int64) async throws(RegistryError) -> Int {
        var count = 0
        var after: String?
        repeat {
            let page = try await written { () async throws(StorageError) in
                try await store.uploads(of: repository, after: after, limit: 1000)
            }
            for id in page.ids {
                let key = Key(repository: repository, id: id)
                guard !open.isOpen(key) else { continue }
                let isGone = try await locks.withLock(key) { () async throws(RegistryError) in
                    try await written { () async throws(StorageError) in
                        try await store.removeRemains(of: id, in: repository, before: time)
                    }
                }
                if isGone { count += 1 }
            }
            after = page.end
        } while after != nil && !Task.isCancelled
        return count
    }
}
