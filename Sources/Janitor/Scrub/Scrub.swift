internal import NIOCore
internal import OCI
public import Registry
public import Storage

/// Looks at everything that is stored, and puts right what can be.
///
/// What came from upstreams is removed where it is damaged, so that it is fetched again; of the rest nothing is ever removed:
/// damaged bytes are put out of the way, and told of.
public struct Scrub {
    /// Findings that are told one by one; the others are counted.
    private static let mostFindings = 10_000

    let store: RegistryStore
    let settings: JanitorSettings
    /// Nil changes nothing.
    let repairer: Registry?
    let parts: Set<ScrubPart>
    /// Bytes a second that are read; nil without limit.
    let rate: Int64?
    /// Seconds since 1970.
    let now: Int64
    /// Seconds for which what is left of an upload is left alone.
    private let uploadAge: Int64
    let report: @Sendable (_ done: Int64, _ total: Int64) -> Void

    public internal(set) var findings: [ScrubFinding] = []
    public internal(set) var counts: [String: Int64] = [
        "repositories": 0, "manifests": 0, "tags": 0, "links": 0, "contents": 0, "bytes": 0, "findings": 0,
        "repaired": 0,
    ]
    var pacer: Pacer
    var names: [RepositoryName] = []
    /// What is not to be had again from an upstream.
    var precious = ReferenceSet()

    /// - Parameters:
    ///   - repairer: Nil changes nothing.
    ///   - rate: Bytes a second that are read; nil without limit.
    ///   - uploadAge: Seconds for which what is left of an upload is left alone; nil for the grace.
    ///   - isServing: Whether there are clients who would notice; then there are pauses.
    ///   - mayGoOn: Whether it is still this process' turn.
    ///   - now: Seconds since 1970.
    ///   - report: Told how many bytes of how many have been looked at.
    public init(
        store: RegistryStore, settings: JanitorSettings, repairer: Registry?,
        parts: Set<ScrubPart> = Set(ScrubPart.allCases), rate: Int64?, uploadAge: Int64? = nil,
        isServing: @escaping @Sendable () -> Bool = { false }, mayGoOn: @escaping @Sendable () -> Bool = { true },
        now: Int64,
        report: @escaping @Sendable (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) {
        self.store = store
        self.settings = settings
        self.repairer = repairer
        self.parts = parts
        self.rate = rate
        self.uploadAge = uploadAge ?? settings.grace
        self.now = now
        self.report = report
        pacer = Pacer(isServing: isServing, mayGoOn: mayGoOn)
    }

    public mutating func run() async throws {
        var found: [RepositoryName] = []
        _ = try await store.repositories(limit: 0, budget: .max) { (name) async throws(StorageError) in
            found.append(name)
            return false
        }
        names = found
        for name in names {
            count("repositories")
            let isCache = try await isCache(name)
            try await lookAtLinks(name, isCache)
            try await lookAtManifests(name, isCache)
            if parts.contains(.tags) { try await lookAtTags(name, isCache) }
            if parts.contains(.uploads) { try await lookAtUploads(name) }
        }
        if parts.contains(.blobs) { try await lookAtContents() }
    }

    /// Whether everything in it can be had again.
    private func isCache(_ name: RepositoryName) async throws -> Bool {
        guard let repository = try? settings.namespaces.repository(name), repository.name == name else { return false }
        let namespace = repository.namespace
        guard !namespace.isWritable, !namespace.isOffline else { return false }
        return try await !store.isKeptWhole(name)
    }

    // MARK: Links to blobs

    private mutating func lookAtLinks(_ name: RepositoryName, _ isCache: Bool) async throws {
        for (digest, state) in try await store.layerLinks(of: name) where state != .absent {
            try await pacer.pace()
            if !isCache { precious.insert(digest) }
            guard parts.contains(.links) else { continue }
            count("links")
            let isThere = try await store.blobInfo(digest) != nil
            if !isThere {
                let repair = try await repairing(isCache) { (registry) async throws in
                    try await registry.evictGrant(digest, in: name)
                    return .removed
                }
                found(ScrubFinding(.missingContent, repair, digest, in: name))
            } else if state == .damaged {
                let repair = try await repairing(ifStill: { (registry) async throws in
                    try await registry.repairing(name) { (store) async throws(StorageError) in
                        try await store.mendLayer(digest, in: name) ? .repaired : nil
                    }
                })
                if let repair { found(ScrubFinding(.damagedLink, repair, digest, in: name)) }
            }
        }
    }

    // MARK: Manifests

    private mutating func lookAtManifests(_ name: RepositoryName, _ isCache: Bool) async throws {
        for (digest, state) in try await store.revisionLinks(of: name) where state != .absent {
            try await pacer.pace()
            if !isCache { precious.insert(digest) }
            guard parts.contains(.manifests) else { continue }
            count("manifests")
            guard let content = try await store.manifestContent(digest) else {
                // A type that nobody here knows is no damage.
                if try await store.manifest(digest, in: name) != nil { continue }
                let repair = try await repairing(isCache) { (registry) async throws in
                    _ = try await registry.evict(digest, subject: nil, tags: [], in: name)
                    return .removed
                }
                found(ScrubFinding(.missingManifest, repair, digest, in: name))
                continue
            }
            if state == .damaged {
                let repair = try await repairing(ifStill: { (registry) async throws in
                    try await registry.repairing(name) { (store) async throws(StorageError) in
                        try await store.mendRevision(digest, in: name) ? .repaired : nil
                    }
                })
                guard let repair else { continue }
                found(ScrubFinding(.damagedLink, repair, digest, in: name))
            }
            try await lookAtParts(of: digest, content, name, isCache)
        }
    }

    private mutating func lookAtParts(
        of digest: Digest, _ content: Manifest, _ name: RepositoryName, _ isCache: Bool
    ) async throws {
        if let subject = content.subject, try await !store.hasReferrer(digest, of: subject.digest, in: name) {
            let repair = try await repairing { (registry) async throws in
                try await registry.recordReferrer(digest, of: subject.digest, in: name)
                return .repaired
            }
            found(ScrubFinding(.missingReferrer, repair, digest, in: name))
        }
        // A mirror fetches what is missing; an index may lack images anywhere, but no blobs.
        guard !isCache else { return }
        for blob in content.blobs + content.blobsOfIndex where !blob.mediaType.isForeignLayer && blob.data == nil {
            let isGranted = try await store.isGranted(blob.digest, in: name)
            let size = try await store.blobInfo(blob.digest)?.size
            if isGranted, size == blob.size { continue }
            if content.kind == .index, try await store.hasManifest(blob.digest, in: name) { continue }
            let detail =
                size == nil ? "\(blob.digest) is not there" : "\(blob.digest) is not linked, or of another size"
            found(ScrubFinding(.incompleteManifest, .none, digest, in: name, detail))
            return
        }
    }

    // MARK: Tags

    private mutating func lookAtTags(_ name: RepositoryName, _ isCache: Bool) async throws {
        for tag in try await store.tagFolders(of: name) {
            try await pacer.pace()
            switch try await store.tagState(tag, in: name) {
            case .absent: continue
            case .names(let digest):
                count("tags")
                if try await store.hasManifest(digest, in: name) { continue }
                try await danglingTag(tag, digest, name, isCache)
            case .damaged:
                count("tags")
                try await damagedTag(tag, name, isCache)
            }
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

    private mutating func lookAtUploads(_ name: RepositoryName) async throws {
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

    // MARK: Findings

    /// What became of a finding. Of what failed to be put right more is told by the error.
    func repairing(
        _ isPossible: Bool = true, _ repair: (Registry) async throws -> ScrubFinding.Repair
    ) async throws -> ScrubFinding.Repair {
        try await repairing(isPossible, ifStill: repair) ?? ScrubFinding.Repair.none
    }

    /// The same where clients may have changed what was found.
    ///
    /// - Parameter repair: Looks again, while nobody changes it; nil if it is not as it was found.
    /// - Returns: Nil if there is nothing to be told.
    private func repairing(
        _ isPossible: Bool = true, ifStill repair: (Registry) async throws -> ScrubFinding.Repair?
    ) async throws -> ScrubFinding.Repair? {
        guard isPossible else { return ScrubFinding.Repair.none }
        guard let repairer else { return .dryRun }
        return try await repair(repairer)
    }

    mutating func found(_ finding: ScrubFinding) {
        count("findings")
        if finding.repair == .repaired || finding.repair == .removed || finding.repair == .quarantined
            || finding.repair == .refetched
        {
            count("repaired")
        }
        counts[finding.kind.rawValue, default: 0] += 1
        if findings.count < Self.mostFindings { findings.append(finding) }
    }

    mutating func count(_ name: String) { counts[name, default: 0] += 1 }
}
