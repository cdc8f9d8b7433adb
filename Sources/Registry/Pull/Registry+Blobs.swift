internal import Hashing
internal import Metrics
internal import NIOConcurrencyHelpers
internal import NIOCore
public import OCI
internal import Storage
internal import Upstream

extension Registry {
    /// A blob for GET: from the store if `repository` may serve it from there, else from the upstream, once for all who
    /// ask.
    ///
    /// - Parameters:
    ///   - range: The part that is asked for; nil for the whole.
    ///   - isRead: Its bytes are read next, and not had from the store by the client itself.
    public func blob(
        _ repository: Repository, _ digest: Digest, range: ByteRange?, isRead: Bool = false
    ) async throws(RegistryError) -> Served<BlobAnswer> {
        if let held = try await held(repository, digest, isRead ? .part(range) : .look) {
            return Served(answer(held, range), .hit)
        }
        guard !repository.namespace.isLocal else { throw .unknownBlob(digest, repository) }
        if digest == .emptyObject { return Served(answer(.bytes(ByteBuffer(string: "{}")), range), .hit) }
        let (reader, isCollapsed) = try await reader(repository, digest)
        guard let reader else {
            guard let held = try await held(repository, digest) else { throw .interrupted }
            return Served(answer(held, range), .hit)
        }
        let status = CacheStatus(forward: .miss, isStored: true, isCollapsed: isCollapsed)
        guard let range else {
            return Served(BlobAnswer(size: try await reader.size(), source: .filling(reader)), status)
        }
        guard let size = try await reader.size() else {
            // Without a size no range can be answered for: the whole, which the specification allows.
            return Served(BlobAnswer(size: nil, source: .filling(reader)), status)
        }
        guard let part = range.resolved(size: size) else {
            return Served(BlobAnswer(size: size, isOutOfRange: true, source: .nothing), status)
        }
        if part.lowerBound - reader.released > fills.limits.farDistance,
            let passing = await far(repository, digest, part, reader)
        {
            let answer = BlobAnswer(size: size, range: part, source: .passing(passing))
            return Served(answer, CacheStatus(forward: .partial, isCollapsed: isCollapsed))
        }
        return Served(BlobAnswer(size: size, range: part, source: .filling(reader)), status)
    }

    /// A blob for HEAD. A cold one is asked for with HEAD and not downloaded.
    public func blobHead(_ repository: Repository, _ digest: Digest) async throws(RegistryError) -> Served<BlobAnswer> {
        if let size = try await heldSize(repository, digest) {
            return Served(BlobAnswer(size: size, source: .nothing), .hit)
        }
        guard !repository.namespace.isLocal else { throw .unknownBlob(digest, repository) }
        if fills.isRunning(digest, for: repository.name) == true,
            let reader = fills.joinRunning(digest, for: repository.name, .content), let size = try await reader.size()
        {
            return Served(
                BlobAnswer(size: size, source: .nothing), CacheStatus(forward: .miss, isStored: true, isCollapsed: true)
            )
        }
        var (size, isCollapsed) = try await vouch(repository, digest)
        if size == nil { size = try await claimedSize(BlobKey(repository: repository.name, digest: digest)) }
        return Served(
            BlobAnswer(size: size, source: .nothing), CacheStatus(forward: .miss, isCollapsed: isCollapsed))
    }

    /// What this server is fetching, for another replica that follows it; nil if it does not fetch it.
    ///
    /// - Returns: `isVouched` says whether an upstream of `repository` vouched for the content. An error is the
    ///   upstream's refusal.
    public func blobForReplica(
        _ repository: RepositoryName, _ digest: Digest, range: ByteRange?
    ) async -> (answer: Result<BlobAnswer, RegistryError>, isVouched: Bool)? {
        guard let (reader, isVouched) = fills.follow(digest, for: repository) else { return nil }
        do throws(RegistryError) {
            guard let size = try await reader.size() else {
                return (.success(BlobAnswer(size: nil, source: .filling(reader))), isVouched)
            }
            guard let range else {
                return (.success(BlobAnswer(size: size, source: .filling(reader))), isVouched)
            }
            guard let part = range.resolved(size: size) else {
                return (.success(BlobAnswer(size: size, isOutOfRange: true, source: .nothing)), isVouched)
            }
            return (.success(BlobAnswer(size: size, range: part, source: .filling(reader))), isVouched)
        } catch {
            return (.failure(error), isVouched)
        }
    }

    // MARK: What is held

    /// What becomes of content that is held.
    private enum Use {
        case look
        case part(ByteRange?)
    }

    /// The blob from the store, if the repository has a grant for it.
    private func held(
        _ repository: Repository, _ digest: Digest, _ use: Use = .look
    ) async throws(RegistryError) -> ObjectContent? {
        let key = HotContent.Key(repository: repository.name, digest: digest)
        if let content = hotContent(key) { return content }
        let removals = hot.removals
        let content = try await stored { (store) async throws(StorageError) in
            guard try await store.isGranted(digest, in: repository.name) else { return ObjectContent?.none }
            guard case .part(let range) = use else { return try await store.blob(digest) }
            return try await store.blob(digest, reading: range)
        }
        guard let content, try await isPlausible(content.size, repository, digest) else { return nil }
        guard content.size <= HotContent.largestBlob else {
            if case .file(let file, let size) = content { hot.insert(.file(file, size: size), key, since: removals) }
            return content
        }
        let bytes: ByteBuffer
        switch content {
        case .bytes(let all): bytes = all
        case .file(let file, let size):
            guard let all = file.bytes(count: Int(size)) else { return content }
            bytes = all
        case .remote: return content
        }
        hot.insert(.blob(bytes), key, since: removals)
        return .bytes(bytes)
    }

    /// How large a blob is that the repository has.
    private func heldSize(_ repository: Repository, _ digest: Digest) async throws(RegistryError) -> Int64? {
        guard repository.namespace.isWritable else { return try await held(repository, digest)?.size }
        let key = HotContent.Key(repository: repository.name, digest: digest)
        guard store.isRemote, hotContent(key) == nil else {
            // Who is told that it is here will not push it.
            try await rescue(digest, in: repository.name)
            return try await held(repository, digest)?.size
        }
        // What is about to be pushed is nowhere, mostly: one look.
        var size = uploads.pushed.size(digest, in: repository.name)
        if size == nil {
            size = try await stored { (store) async throws(StorageError) in try await store.blobInfo(digest)?.size }
        }
        guard let size, size > 0 || digest == Digest(hashing: ByteBuffer(), with: digest.algorithm) else { return nil }
        try await rescue(digest, in: repository.name)
        let isGranted = try await stored { (store) async throws(StorageError) in
            try await store.isGranted(digest, in: repository.name)
        }
        return isGranted ? size : nil
    }

    func hotContent(_ key: HotContent.Key) -> ObjectContent? {
        switch hot.entry(key) {
        case .blob(let bytes)?: .bytes(bytes)
        case .file(let file, let size)?: .file(file, size: size)
        case .manifest?, .tag?, .recentTag?, nil: nil
        }
    }

    /// Whether a blob is stored that is not known to be damaged.
    private func isStored(_ repository: Repository, _ digest: Digest) async throws(RegistryError) -> Bool {
        let info = try await stored { (store) async throws(StorageError) in try await store.blobInfo(digest) }
        guard let info else { return false }
        return try await isPlausible(info.size, repository, digest)
    }

    /// A power loss can leave a cached file empty, which only one blob is, or shorter than its manifest says. What is
    /// longer was whole when it came, so that the manifest is wrong.
    private func isPlausible(
        _ size: Int64, _ repository: Repository, _ digest: Digest
    ) async throws(RegistryError) -> Bool {
        guard size > 0 || digest == Digest(hashing: ByteBuffer(), with: digest.algorithm) else { return false }
        // A bucket loses nothing of an object.
        if store.isRemote { return true }
        // What was pushed is durable, and to be had from nowhere else.
        guard !repository.namespace.isLocal else { return true }
        let claimed = try await claimedSize(BlobKey(repository: repository.name, digest: digest))
        guard let claimed, size < claimed, !fills.isDisproved(claimed, digest) else { return true }
        guard repository.namespace.isWritable else { return false }
        // It may have been pushed, and what a manifest says of it be wrong: its own bytes tell.
        let isWhole = try await isWhole(digest)
        if isWhole { fills.disprove(size, digest) }
        return isWhole
    }

    func answer(_ content: ObjectContent, _ range: ByteRange?) -> BlobAnswer {
        guard let range else { return BlobAnswer(size: content.size, source: .stored(content)) }
        guard let part = range.resolved(size: content.size) else {
            return BlobAnswer(size: content.size, isOutOfRange: true, source: .nothing)
        }
        return BlobAnswer(size: content.size, range: part, source: .stored(content))
    }

    // MARK: What is not

    /// A place among the readers of the blob's fill; nil if the blob is now held after all.
    ///
    /// - Parameter rank: How soon it is wanted.
    func reader(
        _ repository: Repository, _ digest: Digest, _ rank: Urgency.Rank = .content
    ) async throws(RegistryError) -> (FillReader?, isCollapsed: Bool) {
        let isMine = fills.isRunning(digest, for: repository.name)
        let mayBeStored = try await isStored(repository, digest)
        if isMine == false || (isMine == nil && mayBeStored) {
            // The bytes are here, or on their way, for somebody else. This repository's own upstream must vouch for
            // them before they are shared.
            _ = try await vouch(repository, digest)
            if let reader = fills.joinRunning(digest, for: repository.name, rank) { return (reader, true) }
            if try await isStored(repository, digest) {
                let isGranted = try await storing { (store) async throws(StorageError) in
                    try await store.grant(digest, in: repository.name, .cached)
                }
                if isGranted { return (nil, false) }
            }
        }
        let (reader, isCollapsed) = try fills.join(
            digest, for: repository, from: upstreams(repository, rank),
            claimedSize: try await claimedSize(BlobKey(repository: repository.name, digest: digest))
        ) { () async throws(RegistryError) in
            // Another replica may have had it vouched for.
            if (try? await store.isGranted(digest, in: repository.name)) == true { return }
            _ = try await vouch(repository, digest)
        }
        return (reader, isCollapsed)
    }

    /// Has an upstream of the repository say that it holds the blob, and how large it is.
    func vouch(
        _ repository: Repository, _ digest: Digest
    ) async throws(RegistryError) -> (size: Int64?, isCollapsed: Bool) {
        let upstreams = upstreams(repository)
        let key = BlobKey(repository: repository.name, digest: digest)
        let (size, isCollapsed) = try await vouchers.value(key) { () async throws(RegistryError) in
            do throws(UpstreamListError) {
                return try await upstreams.first(.question) { (upstream) async throws(UpstreamError) in
                    try await upstream.headBlob(repository.remoteName, digest).size
                }.answer
            } catch {
                throw RegistryError(error, absent: .blobUnknown)
            }
        }
        return (size, isCollapsed)
    }

    /// The part from a request of its own to the upstream; nil if that is not to be had, and the fill must do.
    private func far(
        _ repository: Repository, _ digest: Digest, _ part: Range<Int64>, _ reader: FillReader
    ) async -> UpstreamBody? {
        guard let slot = fills.farRanges.take() else { return nil }
        let passage = PassingPart(
            upstreams: upstreams(repository, .content), remoteName: repository.remoteName, digest: digest)
        // The slot is taken, and the fill has a reader, until the part is served.
        let body = await passage.body(
            from: part.lowerBound, to: part.upperBound, holding: Held(slot: slot, reader: reader))
        if body != nil { Counter(label: "entrepot_far_ranges_total").increment() }
        return body
    }

    private struct Held: Sendable {
        let slot: Slots.Slot
        let reader: FillReader
    }
}
