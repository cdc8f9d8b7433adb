import Logging
import Metrics
import NIOCore
import OCI
import Registry
import Storage

/// One round of collection: what nothing refers to is condemned, and removed in a later round if it still is.
///
/// First the links of each local repository, by its manifests; then contents, by the links of all repositories. Marks are
/// read before what they are judged by. See decision 14.
struct Collection {
    typealias Key = ManifestFacts.Key

    let store: RegistryStore
    let registry: Registry
    let settings: JanitorSettings
    let facts: ManifestFacts
    let memory: CollectionMemory
    let logger: Logger
    /// Seconds since 1970.
    let now: Int64
    /// What another collector began and did not end is left to it for so long.
    let patience: Duration
    /// Changes nothing, and counts what would be.
    let isDry: Bool
    let round = CollectionRound()
    var pacer: Pacer
    var links = Links()
    /// Contents that were condemned before this round.
    var marked: [Key: Condemnation] = [:]
    var known: CollectionMemory.Round
    private var repositories: [RepositoryName: CollectionMemory.Repository] = [:]
    var shelves: [String: CollectionMemory.Shelf] = [:]
    private var remembered = 0
    private(set) var faults: RoundFaults
    /// Not all that refers to contents could be read: they may be needed.
    var isBlind = false
    /// Contents to be condemned once what is ripe has made room.
    var condemnable: [PackedDigest] = []
    var counts: [String: Int64] = [
        "repositories": 0, "manifests": 0, "contents": 0, "condemned": 0, "removedLinks": 0, "removedContents": 0,
        "removedUploads": 0, "removedFolders": 0, "freedBytes": 0, "unreadable": 0, "waitingSweeps": 0, "failures": 0,
    ]

    struct Links {
        var needed = ReferenceSet()
        /// By links that are condemned. Contents to which there are no others are condemned along with them, and removed
        /// after them.
        var doomed = ReferenceSet()
    }

    init(
        store: RegistryStore, registry: Registry, settings: JanitorSettings, facts: ManifestFacts = ManifestFacts(),
        memory: CollectionMemory = CollectionMemory(), pacer: Pacer = .hurried, patience: Duration = .zero,
        isDry: Bool = false, logger: Logger, now: Int64
    ) {
        self.store = store
        self.registry = registry
        self.settings = settings
        self.facts = facts
        self.memory = memory
        self.pacer = pacer
        self.patience = patience
        self.isDry = isDry
        self.logger = logger
        self.now = now
        faults = RoundFaults(logger)
        known = memory.begin()
    }

    /// What cannot be looked at or changed is passed over, and told of by ``faults``.
    mutating func run() async throws {
        do { try await dropSweeps() } catch { try note(error, "removals that were begun") }
        links.needed.reserveCapacity(known.needed)
        var found: [Key: Condemnation] = [:]
        do throws(StorageError) {
            try await store.condemnedContents { digest, mark in found[PackedDigest(digest).key] = mark }
        } catch {
            // What has a mark that is not seen gets another, and goes later.
            try note(error, "marks of contents")
        }
        marked = found
        for name in try await names() {
            try await pacer.pace()
            count("repositories", 1)
            do { try await collect(name) } catch {
                try note(error, name)
                // What it refers to is not known, or not all of it.
                isBlind = true
            }
        }
        try await collectContents()
        memory.end(repositories, shelves, needed: links.needed.count)
    }

    private mutating func names() async throws -> [RepositoryName] {
        let (names, unreadable) = try await store.everyRepository()
        for (folder, error) in unreadable {
            try note(error, folder)
            isBlind = true
        }
        return names
    }

    mutating func note(_ error: any Error, _ subject: some CustomStringConvertible) throws {
        try faults.note(error, of: subject, pacer)
        counts["failures"] = faults.count
    }

    /// Takes back the decisions of collectors that died before they were carried out.
    private mutating func dropSweeps() async throws {
        if isDry { return }
        let sweeps = try await store.sweeps()
        let abandoned = memory.abandoned(sweeps, after: patience)
        for name in abandoned { try await store.dropSweep(name) }
        count("waitingSweeps", Int64(sweeps.count - abandoned.count))
    }

    func checkTenure() throws(StorageError) {
        guard pacer.mayGoOn() else {
            throw StorageError(.conflict, "another replica may have taken over; nothing more is removed here")
        }
    }

    // MARK: Links

    private mutating func collect(_ name: RepositoryName) async throws {
        let isWritable = (try? settings.namespaces.repository(name))?.namespace.isWritable ?? false
        if try await !isUnchanged(name) {
            var found = RepositoryLinks()
            var condemned: [Digest: Condemnation] = [:]
            if isWritable { condemned = try await store.condemnedGrants(of: name) }
            try await found.read(name, store)
            if isWritable {
                try await judge(&found, condemned, name)
            } else {
                // A mirror's links are eviction's; those that no namespace has any more are nobody's.
                for digest in found.blobs + found.manifests { links.needed.insert(digest) }
                // A link that is made in a folder that was there does not show in that folder's parent.
                found.isPassing = !found.empty.isEmpty
            }
            remember(found, name)
        }
        guard isWritable, !isDry else { return }
        do throws(RegistryError) {
            count("removedUploads", Int64(try await registry.collectUploads(of: name, before: now - settings.grace)))
        } catch {
            try note(error, "uploads to \(name)")
        }
    }

    /// Whether a repository has the links that it had, and none is to be removed: then it needs what it needed.
    private mutating func isUnchanged(_ name: RepositoryName) async throws -> Bool {
        guard let before = known.repositories[name] else { return false }
        if let mark = before.firstMark, isRipe(mark) { return false }
        guard try await RepositoryLinks.areUnchanged(name, before.versions, store) else { return false }
        for key in before.links { links.needed.insert(key) }
        for key in before.doomed { links.doomed.insert(key) }
        count("manifests", Int64(before.manifests))
        repositories[name] = before
        remembered += before.links.count
        return true
    }

    private mutating func remember(_ found: RepositoryLinks, _ name: RepositoryName) {
        guard let versions = found.versions, !found.isPassing,
            remembered + found.blobs.count + found.manifests.count <= CollectionMemory.capacity
        else { return }
        let keys = (found.blobs.filter { !found.doomed.contains($0) } + found.manifests).map { PackedDigest($0).key }
        repositories[name] = CollectionMemory.Repository(
            versions: versions, links: keys, doomed: found.doomed.map { PackedDigest($0).key },
            firstMark: found.firstMark, manifests: found.manifests.count)
        remembered += keys.count
    }

    private mutating func judge(
        _ found: inout RepositoryLinks, _ condemned: [Digest: Condemnation], _ name: RepositoryName
    ) async throws {
        var needed = try await needs(of: found.manifests, in: name)
        for digest in found.blobs where digest.algorithm != .sha256 && needed?.contains(digest) == true {
            if let alias = try await store.alias(digest, in: name) { needed?.insert(alias) }
        }
        found.isPassing = needed == nil || !found.empty.isEmpty
        var unmarked: [Digest] = []
        for digest in found.blobs {
            try await pacer.pace()
            if needed?.contains(digest) ?? true {
                links.needed.insert(digest)
                guard condemned[digest] != nil, !isDry else { continue }
                do { try await store.rescue(.grant(digest, in: name)) } catch {
                    try note(error, digest)
                    found.isPassing = true
                }
            } else if let mark = condemned[digest] {
                if isRipe(mark.time), try await isRemoved(digest, mark, name) {
                    count("removedLinks", 1)
                    found.isPassing = true
                } else {
                    links.doomed.insert(digest)
                    found.doom(digest, at: mark.time)
                }
            } else {
                unmarked.append(digest)
            }
        }
        // After what was ripe, which may have made the room for these.
        for digest in unmarked {
            try await pacer.pace()
            links.doomed.insert(digest)
            found.doom(digest, at: now)
            do {
                if !isDry { try await store.condemn(.grant(digest, in: name), at: now, by: round) }
                count("condemned", 1)
            } catch {
                try note(error, digest)
                found.isPassing = true
            }
        }
        for (kind, digest) in found.empty where !isDry {
            do {
                try await store.removeEmptyFolder(kind, digest, of: name)
                count("removedFolders", 1)
            } catch {
                try note(error, digest)
            }
        }
    }

    private mutating func isRemoved(
        _ digest: Digest, _ mark: Condemnation, _ name: RepositoryName
    ) async throws -> Bool {
        do { return try await remove(digest, mark, name) } catch {
            try note(error, digest)
            return false
        }
    }

    private func remove(_ digest: Digest, _ mark: Condemnation, _ name: RepositoryName) async throws -> Bool {
        if isDry { return true }
        return try await registry.collectGrant(digest, in: name, mark, by: round, check: checkTenure)
    }

    /// What the manifests of a repository name; nil if that is not to be known, as one of them cannot be read.
    private mutating func needs(of manifests: [Digest], in name: RepositoryName) async throws -> ReferenceSet? {
        var needs = ReferenceSet()
        var isKnown = true
        for digest in manifests {
            try await pacer.pace()
            links.needed.insert(digest)
            count("manifests", 1)
            let facts: ManifestFacts.Facts?
            do throws(StorageError) {
                facts = try await self.facts.facts(of: digest, in: name, store)
            } catch {
                logger.warning(
                    "a manifest could not be read; no link of its repository is removed",
                    metadata: ["repository": "\(name)", "digest": "\(digest)", "error": "\(error)"])
                facts = nil
            }
            guard let facts, !facts.isOpaque else {
                // What it names is not known: everything here may be.
                isKnown = false
                count("unreadable", 1)
                continue
            }
            // What an index names may be a blob: only the link tells.
            for part in facts.blobs + facts.children { needs.insert(part) }
        }
        return isKnown ? needs : nil
    }

    func isRipe(_ mark: Int64) -> Bool { Condemnation.isRipe(mark, grace: settings.grace, now: now) }

    mutating func count(_ name: String, _ number: Int64) { counts[name, default: 0] += number }
}
