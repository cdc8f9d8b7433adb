public import OCI
internal import Storage
public import Upstream

/// A fill under way, for those who look.
public struct FillStatus: Sendable {
    public let digest: Digest
    /// Bytes of the whole; nil if the upstream has not said it.
    public let size: Int64?
    /// Bytes that readers may have.
    public let released: Int64
    public let hasReaders: Bool
    public let repositories: [RepositoryName]
}

/// An upstream of a namespace, as it is known now.
public struct UpstreamStatus: Sendable {
    public let namespace: RepositoryName
    public let name: String
    public let breaker: Breaker
    public let reading: RateBudget.Reading?
    /// Seconds for which it is not asked because it refused to answer more.
    public let wait: Int
    /// How much of it is used, of what may be; nil if nobody keeps count.
    public let use: UpstreamGate.Reading?
}

extension Registry {
    public var fillsUnderWay: [FillStatus] { fills.underWay }

    public func upstreamStatus(_ namespaces: Namespaces) -> [UpstreamStatus] {
        let states = health.states
        let now = now()
        return namespaces.all.flatMap { namespace in
            namespace.upstreams.map { upstream in
                UpstreamStatus(
                    namespace: namespace.key, name: upstream.name, breaker: states[upstream.name] ?? Breaker(),
                    reading: upstream.budget?.reading, wait: upstream.budget?.wait(now: now) ?? 0,
                    use: upstream.gate?.reading)
            }
        }
    }

    /// Takes new bounds of pushes, from the next request on, and forgets what upstreams said they do not have: others may
    /// be asked from now on.
    public func reconfigure(_ limits: PushLimits) {
        self.limits.set(limits)
        absent.removeAll()
        recentTagLists.removeAll()
    }

    /// Makes a mirror forget content, so that the upstream is asked for it anew. Bytes stay where other repositories may
    /// need them.
    /// What was pushed stays.
    ///
    /// - Parameter reference: What to forget; nil for all tags of the repository.
    /// - Returns: How many tags or digests were forgotten.
    public func purge(_ repository: Repository, _ reference: Reference?) async throws(RegistryError) -> Int {
        guard !repository.namespace.isLocal else {
            throw RegistryError(
                .unsupported, status: 400, "\(repository.name) is not a mirror: what is purged here would be lost")
        }
        absent.remove(in: repository.name)
        recentTagLists.remove(repository.name)
        if let reference {
            await forgetSharedAbsence(ManifestKey(repository: repository.name, reference: reference))
        }
        completions.forget(repository.name)
        switch reference {
        case .digest(let digest):
            guard !repository.namespace.isWritable else {
                throw RegistryError(
                    .unsupported, status: 400, "\(repository.name) takes pushes: delete the manifest instead")
            }
            try await writing { (store) async throws(StorageError) in
                try await store.removeManifest(digest, in: repository.name)
                try await store.removeGrant(digest, in: repository.name)
            }
            hot.remove(HotContent.Key(repository: repository.name, digest: digest))
            return 1
        case .tag(let tag):
            let isHeld = try await stored { (store) async throws(StorageError) in
                // Also one that is damaged.
                try await store.tagState(tag, in: repository.name) != .absent
            }
            try await forget([tag], repository)
            return isHeld ? 1 : 0
        case nil:
            let tags = try await stored { (store) async throws(StorageError) in
                try await store.tags(of: repository.name, after: nil, limit: 100_000)
            }
            try await forget(tags, repository)
            return tags.count
        }
    }

    /// Asks the upstream what the tag names now, however fresh it is here.
    ///
    /// - Returns: The digest, and a warning if the upstream could not be asked.
    public func refresh(
        _ repository: Repository, _ tag: Tag
    ) async throws(RegistryError) -> (digest: Digest, warning: String?) {
        guard !repository.namespace.isLocal else {
            throw RegistryError(.unsupported, status: 400, "\(repository.name) is not a mirror: it has no upstream")
        }
        absent.remove(in: repository.name)
        await forgetSharedAbsence(ManifestKey(repository: repository.name, reference: .tag(tag)))
        let served = try await renew(repository, tag)
        return (served.content.digest, served.warning)
    }

    private func forget(_ tags: [Tag], _ repository: Repository) async throws(RegistryError) {
        for tag in tags {
            try await forgetUpstreamTag(repository, tag)
        }
    }
}
