internal import Coordination
internal import Logging
internal import OCI
internal import Storage

extension Registry {
    /// What the tag names here, with the manifest if that is held.
    ///
    /// Between reading the one and the other the tag can move on, and what it named before can be deleted: then the tag
    /// is read again, for at no moment was there a tag without its manifest.
    func heldTag(
        _ repository: Repository, _ tag: Tag
    ) async throws(RegistryError) -> (record: TagRecord?, manifest: HeldManifest?) {
        var last: TagRecord?
        for _ in 0..<16 {
            // Before it is read: if it changes in between, this is not current any more.
            let sighting = store.sighting(of: tag, in: repository.name)
            let removals = hot.removals
            guard let record = try await record(of: tag, repository) else { return (nil, nil) }
            let key = HotContent.Key(repository: repository.name, tag: tag)
            if let sighting {
                hot.insert(.tag(record, sighting), key, since: removals)
            } else if store.isRemote, !repository.namespace.isWritable {
                // Who names a tag of a mirror is content with what it named a moment ago.
                hot.insert(.recentTag(record), key, since: removals)
            }
            if let manifest = try await heldManifest(repository, record.digest) { return (record, manifest) }
            guard record != last else { break }
            last = record
        }
        return (last, nil)
    }

    /// What the tag's link says. One that is damaged, as a power loss can leave a cached one, names nothing: the upstream is
    /// asked, and it is written anew.
    private func record(of tag: Tag, _ repository: Repository) async throws(RegistryError) -> TagRecord? {
        do throws(StorageError) {
            return try await store.tag(tag, in: repository.name)
        } catch {
            guard error.isDamage, try await !mayBePushed(repository, tag) else { throw RegistryError(error) }
            logger.warning(
                "the link of a tag is damaged: its upstream is asked",
                metadata: ["repository": "\(repository.name)", "tag": "\(tag)", "error": "\(error)"])
            return nil
        }
    }

    /// Whether the tag, whose link says nothing, may have been pushed here.
    private func mayBePushed(_ repository: Repository, _ tag: Tag) async throws(RegistryError) -> Bool {
        guard !repository.namespace.isLocal else { return true }
        guard repository.namespace.pushes.isOverlay else { return false }
        return try await stored { (store) async throws(StorageError) in
            try await store.pushedTag(tag, in: repository.name) != nil
        }
    }

    /// Whether the tag was pushed to this repository, so that its upstreams have no say about it.
    func isPushed(_ repository: Repository, _ tag: Tag, _ digest: Digest) async throws(RegistryError) -> Bool {
        guard repository.namespace.pushes.isOverlay else { return false }
        return try await stored { (store) async throws(StorageError) in
            try await store.pushedTag(tag, in: repository.name) == digest
        }
    }

    /// Points the tag at what an upstream says, unless it was pushed here while the upstream was being asked.
    func keepUpstreamTag(_ repository: Repository, _ tag: Tag, _ digest: Digest) async throws(RegistryError) {
        let isImmutable = repository.namespace.freshness.isImmutable(tag)
        try await unlessPushed(repository, tag) { (store, isFree) async throws(StorageError) in
            do throws(StorageError) {
                if isFree, isImmutable {
                    // Of a push at the same moment that no lock has ordered, nothing is overwritten.
                    _ = try await store.setTag(tag, to: digest, over: nil, in: repository.name, .cached)
                } else {
                    try await store.setTag(tag, to: digest, in: repository.name, .cached)
                }
            } catch {
                // The manifest is served all the same; the next pull asks the upstream again.
                guard error.isUnwritable else { throw error }
            }
        }
    }

    /// The upstream has the tag no more.
    func forgetUpstreamTag(_ repository: Repository, _ tag: Tag) async throws(RegistryError) {
        try await unlessPushed(repository, tag) { (store, _) async throws(StorageError) in
            try await store.removeTag(tag, in: repository.name)
        }
    }

    /// - Parameter change: Told whether the tag is known to name nothing.
    private func unlessPushed(
        _ repository: Repository, _ tag: Tag,
        _ change: (RegistryStore, _ isFree: Bool) async throws(StorageError) -> Void
    ) async throws(RegistryError) {
        defer { forgetRecent(tag, in: repository.name) }
        guard repository.namespace.pushes.isOverlay else {
            return try await writing { (store) async throws(StorageError) in try await change(store, false) }
        }
        try await writers.withLock(repository.name) { () async throws(RegistryError) in
            let state = try await stored { (store) async throws(StorageError) in
                try await store.tagState(tag, in: repository.name)
            }
            switch state {
            case .names(let digest): if try await isPushed(repository, tag, digest) { return }
            case .damaged: if try await mayBePushed(repository, tag) { return }
            case .absent: break
            }
            try await writing { (store) async throws(StorageError) in try await change(store, state == .absent) }
        }
    }

    /// Called when this server has changed a tag.
    func forgetRecent(_ tag: Tag, in repository: RepositoryName) {
        guard store.isRemote else { return }
        hot.remove(HotContent.Key(repository: repository, tag: tag))
    }
}
