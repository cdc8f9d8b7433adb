internal import OCI
internal import Registry
internal import Storage

/// Tags, and what is left of uploads.
extension Scrub {
    mutating func lookAtTags(_ name: RepositoryName, _ isCache: Bool) async throws {
        for tag in try await store.tagFolders(of: name) {
            try await pacer.pace()
            do { try await lookAtTag(tag, name, isCache) } catch { try unreadable(tag, name, error) }
        }
    }

    private mutating func lookAtTag(_ tag: Tag, _ name: RepositoryName, _ isCache: Bool) async throws {
        switch try await store.tagState(tag, in: name) {
        case .absent: return
        case .names(let digest):
            count("tags")
            if try await store.hasManifest(digest, in: name) { return }
            try await danglingTag(tag, digest, name, isCache)
        case .damaged:
            count("tags")
            try await damagedTag(tag, name, isCache)
        }
    }

    private mutating func danglingTag(
        _ tag: Tag, _ digest: Digest, _ name: RepositoryName, _ isCache: Bool
    ) async throws {
        // Whoever deletes a manifest deletes its tags first.
        guard try await store.names(tag, digest, in: name) else { return }
        // The bytes are there, and the tag says that they were pushed here.
        let isLost = try await store.manifestContent(digest) == nil
        let repair = try await repairing(
            isCache || !isLost,
            ifStill: { (registry) async throws in
                try await registry.repairing(name) { (store) async throws(StorageError) in
                    // Its manifest may have been deleted with it, or have come anew.
                    guard try await store.names(tag, digest, in: name), try await !store.hasManifest(digest, in: name)
                    else { return nil }
                    if isLost {
                        try await store.removeTag(tag, in: name)
                        return .removed
                    }
                    try await store.relinkRevision(digest, in: name)
                    return .repaired
                }
            })
        if let repair { found(ScrubFinding(.danglingTag, repair, tag, in: name, "\(digest)")) }
    }

    private mutating func damagedTag(_ tag: Tag, _ name: RepositoryName, _ isCache: Bool) async throws {
        let digest = try await lastHeld(tag, name, store)
        let repair = try await repairing(
            isCache || digest != nil,
            ifStill: { (registry) async throws in
                try await registry.repairing(name) { (store) async throws(StorageError) in
                    guard try await store.tagState(tag, in: name) == .damaged else { return nil }
                    if isCache {
                        try await store.removeTag(tag, in: name)
                        return .removed
                    }
                    // What it names is looked for by who writes: a manifest may be gone by now.
                    guard let digest = try await lastHeld(tag, name, store) else { return ScrubFinding.Repair.none }
                    try await store.setTag(tag, to: digest, in: name, .durable)
                    return .repaired
                }
            })
        guard let repair else { return }
        found(ScrubFinding(.damagedTag, repair, tag, in: name, digest.map { "named \($0) before" }))
    }

    /// What a tag named last of what is here.
    private func lastHeld(
        _ tag: Tag, _ name: RepositoryName, _ store: RegistryStore
    ) async throws(StorageError) -> Digest? {
        for digest in try await store.history(of: tag, in: name) {
            if try await store.hasManifest(digest, in: name) { return digest }
        }
        return nil
    }

    // MARK: Uploads

    mutating func lookAtUploads(_ name: RepositoryName) async throws {
        var after: String?
        repeat {
            let page = try await store.uploads(of: name, after: after, limit: 1000)
            for id in page.ids {
                try await pacer.pace()
                guard try await store.upload(id, in: name) == nil,
                    try await store.remainsOfUpload(id, in: name, before: now - uploadAge)
                else { continue }
                let repair = try await repairing { (registry) async throws in
                    _ = try await registry.collectUploads(of: name, before: now - uploadAge)
                    return .repaired
                }
                found(ScrubFinding(.brokenUpload, repair, id, in: name))
            }
            after = page.end
        } while after != nil
    }
}
