public import OCI
internal import Storage
internal import Upstream

/// What a purge of all repositories below a prefix did.
public struct PrefixPurge: Sendable {
    /// Tags forgotten, by repository.
    public let repositories: [(name: RepositoryName, tags: Int)]
    /// There is more below the prefix; asking again goes on.
    public let hasMore: Bool
}

/// What a refresh of all tags below a prefix did.
public struct PrefixRefresh: Sendable {
    public struct Tagged: Sendable {
        public let repository: RepositoryName
        public let tag: Tag
        /// What the tag names now, and a warning if the upstream could not be asked; or why it is not known.
        public let outcome: Result<(digest: Digest, warning: String?), RegistryError>
    }

    public let tags: [Tagged]
    /// There are more after the last of these.
    public let hasMore: Bool
}

extension Registry {
    /// Repositories that one call takes.
    private static let mostRepositories = 1000
    /// Tags that one call asks upstreams about, and for how long it goes on asking: whoever waits for the answer hears nothing
    /// meanwhile.
    private static let mostRefreshed = 500
    private static let longestRefresh: Duration = .seconds(15)

    /// Forgets all tags of the mirrored repositories called `prefix`, or something below it; see ``purge(_:_:)``. Local
    /// namespaces are passed over.
    ///
    /// - Parameter isAllowed: Asked for every repository; those for which it says no are left as if they were not there.
    public func purge(
        below prefix: RepositoryName, _ namespaces: Namespaces, where isAllowed: (Repository) -> Bool
    ) async throws(RegistryError) -> PrefixPurge {
        let found = try await mirrored(
            below: prefix, namespaces, after: nil, limit: Self.mostRepositories, where: isAllowed)
        var done: [(name: RepositoryName, tags: Int)] = []
        for repository in found.repositories {
            done.append((repository.name, try await purge(repository, nil)))
        }
        return PrefixPurge(repositories: done, hasMore: found.hasMore)
    }

    /// Asks the upstreams now about all held tags of the mirrored repositories called `prefix`, or something below it.
    ///
    /// - Parameters:
    ///   - last: The last tag of the call before; nil for the first call.
    ///   - isAllowed: As for ``purge(below:_:where:)``.
    public func refresh(
        below prefix: RepositoryName, _ namespaces: Namespaces,
        after last: (repository: RepositoryName, tag: Tag)? = nil, where isAllowed: (Repository) -> Bool
    ) async throws(RegistryError) -> PrefixRefresh {
        if let last, !last.repository.hasPrefix(prefix) {
            throw RegistryError(
                .nameInvalid, "the repository \(last.repository), after which to go on, is not below \(prefix)")
        }
        let start = health.timers.now()
        var done: [PrefixRefresh.Tagged] = []
        func isEnough() -> Bool {
            done.count >= Self.mostRefreshed || health.timers.now() - start >= Self.longestRefresh
        }
        var found = try await mirrored(
            below: prefix, namespaces, after: last?.repository.value, limit: Self.mostRepositories, where: isAllowed)
        if let last, let repository = mirror(last.repository, namespaces), isAllowed(repository) {
            found.repositories.insert(repository, at: 0)
        }
        for repository in found.repositories {
            let after = repository.name == last?.repository ? last?.tag.value : nil
            let tags = try await stored { (store) async throws(StorageError) in
                try await store.tags(of: repository.name, after: after, limit: Self.mostRefreshed + 1)
            }
            for tag in tags {
                if isEnough() { return PrefixRefresh(tags: done, hasMore: true) }
                let outcome: Result<(digest: Digest, warning: String?), RegistryError>
                do throws(RegistryError) {
                    outcome = .success(try await refresh(repository, tag))
                } catch {
                    outcome = .failure(error)
                }
                done.append(PrefixRefresh.Tagged(repository: repository.name, tag: tag, outcome: outcome))
            }
        }
        return PrefixRefresh(tags: done, hasMore: found.hasMore && !done.isEmpty)
    }

    /// Repositories of mirrors that hold tags.
    private func mirrored(
        below prefix: RepositoryName, _ namespaces: Namespaces, after last: String?, limit: Int,
        where isAllowed: (Repository) -> Bool
    ) async throws(RegistryError) -> (repositories: [Repository], hasMore: Bool) {
        let found = try await stored { (store) async throws(StorageError) in
            try await store.repositories(below: prefix, after: last, limit: limit) {
                (name) async throws(StorageError) in
                guard let mirror = mirror(name, namespaces), isAllowed(mirror) else { return false }
                return try await !store.tags(of: name, after: nil, limit: 1).isEmpty
            }
        }
        return (found.names.compactMap { mirror($0, namespaces) }, !found.isComplete)
    }

    private func mirror(_ name: RepositoryName, _ namespaces: Namespaces) -> Repository? {
        guard let repository = try? namespaces.repository(name), repository.name == name,
            !repository.namespace.isLocal
        else { return nil }
        return repository
    }
}
