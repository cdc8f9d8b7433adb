internal import Coordination
internal import Hashing
internal import NIOCore
public import OCI
internal import Storage
public import Upstream

extension Registry {
    /// Bytes.
    public var manifestSizeLimit: Int { limits.value.manifestSize }

    /// Memory for a manifest that a client is about to send; nil for one so small that it is not counted.
    ///
    /// - Parameter bytes: As announced; nil if it does not say.
    /// - Throws: 429 when none became free in time.
    public func manifestShare(_ bytes: Int64?) async throws(RegistryError) -> ByteBudget.Share? {
        let bytes = bytes.map { Int(clamping: $0) } ?? manifestSizeLimit
        guard bytes > ByteBudget.uncounted else { return nil }
        guard let share = await manifestRoom.reserve(bytes, patience: ByteBudget.patience) else {
            throw RegistryError(
                .tooManyRequests, "too many large manifests are arriving at once; try again",
                retryAfter: Int.random(in: 1...5))
        }
        return share
    }

    /// end-7: stores a manifest, byte for byte, and points its tags at it.
    ///
    /// What it needs is stored first and the tags come last, so that nothing ever names what is not there. All tags are
    /// judged before the first is written.
    public func putManifest(
        _ repository: Repository, _ incoming: IncomingManifest
    ) async throws(RegistryError) -> PushedManifest {
        try repository.checkWritable()
        let limit = manifestSizeLimit
        guard incoming.bytes.readableBytes <= limit else { throw .tooLargeManifest(limit) }
        return try await background.carryOut { () async throws(RegistryError) in
            // Also when the client has left.
            defer { withExtendedLifetime(incoming.room) {} }
            let (manifest, content) = try incoming.judged(self.limits.value)
            try await self.uploads.room.making(Int64(manifest.bytes.readableBytes)) { () async throws(RegistryError) in
                try await self.put(manifest, content, incoming, repository)
            }
            return PushedManifest(digest: manifest.digest, subject: content.subject?.digest)
        }
    }

    private func put(
        _ manifest: StoredManifest, _ content: Manifest, _ incoming: IncomingManifest, _ repository: Repository
    ) async throws(RegistryError) {
        try await writers.withLock(repository.name) { (check) async throws(RegistryError) in
            var tags = incoming.tags
            if case .tag(let tag) = incoming.reference { tags.append(tag) }
            try await checkCondition(incoming, repository)
            var moves: [TagMove] = []
            for tag in tags { moves.append(try await checkMutable(repository, tag, manifest.digest)) }
            let blobs = Set(content.blobs.filter { !$0.mediaType.isForeignLayer }.map(\.digest))
            let parts = blobs.union(content.manifests.map(\.digest))
            let missing = try await secureGrants(parts, in: repository.name)
            try await checkReferences(repository, content, blobs, missing)
            try check()
            try await store(manifest, content, repository, parts.subtracting(missing))
            for move in moves { try await set(move, to: manifest.digest, repository) }
        }
    }

    private func store(
        _ manifest: StoredManifest, _ content: Manifest, _ repository: Repository, _ linked: Set<Digest>
    ) async throws(RegistryError) {
        try await writing { (store) async throws(StorageError) in
            // First: what is here but not marked so could be taken for a cache's.
            if repository.namespace.isLocal {
                try await keepAll(repository.name)
            } else {
                try await store.keep(manifest.digest, in: repository.name)
            }
            let isNew = try await !store.hasManifest(manifest.digest, in: repository.name)
            try await store.put(manifest, declared: content.mediaType, in: repository.name, .durable)
            try await secureParts(of: manifest.digest, linked, isNew, repository)
            if let subject = content.subject {
                try await store.addReferrer(
                    Descriptor(manifest, content), of: subject.digest, in: repository.name, .durable)
            }
        }
        hot.remove(HotContent.Key(repository: repository.name, digest: manifest.digest))
    }

    /// Locks order writers as long as they can be had. That a tag which must not move is set once holds without them too,
    /// where the store can tell.
    private func set(_ first: TagMove, to digest: Digest, _ repository: Repository) async throws(RegistryError) {
        let isOverlay = repository.namespace.pushes.isOverlay
        var move = first
        for _ in 0..<3 {
            let isSet = try await writing { [move] (store) async throws(StorageError) in
                guard move.isConditional else {
                    if isOverlay { try await store.markPushed(move.tag, digest, in: repository.name) }
                    try await store.setTag(move.tag, to: digest, in: repository.name, .durable)
                    return true
                }
                let isSet = try await store.setTag(
                    move.tag, to: digest, over: move.named, in: repository.name, .durable)
                // Only now: who comes too late must not take the mark from who came first.
                if isSet, isOverlay { try await store.markPushed(move.tag, digest, in: repository.name) }
                return isSet
            }
            if isSet { return forgetRecent(move.tag, in: repository.name) }
            move = try await checkMutable(repository, move.tag, digest)
        }
        throw RegistryError(
            .unavailable, status: 503, "the tag \(move.tag) is just being changed by others; try again", retryAfter: 1)
    }

    /// Looks again, now that the manifest is there and says what it needs: a collector on another replica may have decided
    /// before it could see that. Nothing is acknowledged yet, and no tag is moved.
    private func secureParts(
        of manifest: Digest, _ linked: Set<Digest>, _ isNew: Bool, _ repository: Repository
    ) async throws(StorageError) {
        for digest in try await store.secureGrants(linked, in: repository.name)
        where try await !store.mount(digest, in: repository.name) {
            if isNew { try await store.removeManifest(manifest, in: repository.name) }
            throw RegistryStore.removedMeanwhile(digest)
        }
    }

    private func keepAll(_ repository: RepositoryName) async throws(StorageError) {
        guard !keptWhole.contains(repository) else { return }
        try await store.keepAll(in: repository)
        keptWhole.insert(repository)
    }
}
