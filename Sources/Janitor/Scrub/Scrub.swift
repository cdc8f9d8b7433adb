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
    let uploadAge: Int64
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
    /// Not all of that could be read: anything may be.
    var isBlind = false

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
        let found = try await store.everyRepository()
        for (folder, error) in found.unreadable {
            try unreadable(folder, nil, error)
            isBlind = true
        }
        names = found.names
        for name in names {
            count("repositories")
            do {
                let isCache = try await isCache(name)
                try await lookAtLinks(name, isCache)
                try await lookAtManifests(name, isCache)
                if parts.contains(.tags) { try await lookAtTags(name, isCache) }
            } catch {
                try unreadable(name, name, error)
                // It may have links to anything.
                isBlind = true
            }
            guard parts.contains(.uploads) else { continue }
            do { try await lookAtUploads(name) } catch { try unreadable(name, name, error) }
        }
        if parts.contains(.blobs) { try await lookAtContents() }
    }

    /// What the store does not give, or lets nobody change, is told, and the rest is looked at.
    mutating func unreadable(
        _ subject: some CustomStringConvertible, _ name: RepositoryName?, _ error: any Error
    ) throws {
        guard !Task.isCancelled, pacer.mayGoOn() else { throw CancellationError() }
        let reason: String
        switch error {
        case let error as StorageError where !(error.cause is CancellationError): reason = "\(error)"
        case let error as RegistryError: reason = error.cause.map { "\($0)" } ?? error.message
        default: throw error
        }
        found(ScrubFinding(.unreadableContent, .none, subject, in: name, reason))
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
            do { try await lookAtLink(digest, state, name, isCache) } catch { try unreadable(digest, name, error) }
        }
    }

    private mutating func lookAtLink(
        _ digest: Digest, _ state: RegistryStore.LinkState, _ name: RepositoryName, _ isCache: Bool
    ) async throws {
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

    // MARK: Manifests

    private mutating func lookAtManifests(_ name: RepositoryName, _ isCache: Bool) async throws {
        for (digest, state) in try await store.revisionLinks(of: name) where state != .absent {
            try await pacer.pace()
            if !isCache { precious.insert(digest) }
            guard parts.contains(.manifests) else { continue }
            count("manifests")
            do { try await lookAtManifest(digest, state, name, isCache) } catch { try unreadable(digest, name, error) }
        }
    }

    private mutating func lookAtManifest(
        _ digest: Digest, _ state: RegistryStore.LinkState, _ name: RepositoryName, _ isCache: Bool
    ) async throws {
        guard let content = try await store.manifestContent(digest) else {
            // A type that nobody here knows is no damage.
            if try await isHeld(digest, name) { return }
            let repair = try await repairing(isCache) { (registry) async throws in
                _ = try await registry.evict(digest, subject: nil, tags: [], in: name)
                return .removed
            }
            return found(ScrubFinding(.missingManifest, repair, digest, in: name))
        }
        if state == .damaged {
            let repair = try await repairing(ifStill: { (registry) async throws in
                try await registry.repairing(name) { (store) async throws(StorageError) in
                    try await store.mendRevision(digest, in: name) ? .repaired : nil
                }
            })
            guard let repair else { return }
            found(ScrubFinding(.damagedLink, repair, digest, in: name))
        }
        try await lookAtParts(of: digest, content, name, isCache)
    }

    private func isHeld(_ digest: Digest, _ name: RepositoryName) async throws -> Bool {
        do throws(StorageError) {
            return try await store.manifest(digest, in: name) != nil
        } catch {
            // Larger than any manifest is.
            guard error.code == .tooLarge else { throw error }
            return false
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
    func repairing(
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
