import Logging
import OCI
import Registry
import Storage

/// Reads from the store what it holds. What changes meanwhile may be seen or not: ``ContentClaims`` tells of it. What cannot be read
/// is passed over: then what it may need stays.
struct HoldingsWalk {
    /// Seconds in which one client's pull of an image may ask for its manifest several times.
    private static let firstPull: Int64 = 600
    let store: RegistryStore
    let registry: Registry
    let settings: JanitorSettings
    let facts: ManifestFacts
    /// What the manifests that were added name, in their order.
    private var named: [ManifestFacts.Facts?] = []
    var pacer: Pacer
    var faults: RoundFaults
    /// Not all that refers to what is not a cache's could be read: any bytes may be needed.
    private(set) var isBlind = false
    /// The keys of the namespaces, in the order of ``Holdings/Repository/space``.
    let spaces: [RepositoryName]

    init(
        store: RegistryStore, registry: Registry, settings: JanitorSettings, facts: ManifestFacts, pacer: Pacer,
        logger: Logger
    ) {
        self.store = store
        self.registry = registry
        self.settings = settings
        self.facts = facts
        self.pacer = pacer
        faults = RoundFaults(logger)
        spaces = settings.namespaces.all.map(\.key)
    }

    mutating func run() async throws -> Holdings {
        var holdings = Holdings(spaces: spaces.count)
        for name in try await names() {
            // Nil for one that no namespace has any more, or of which nobody can tell whose it is.
            var found: (repository: Holdings.Repository, index: Int)?
            do {
                if let repository = try await repository(name), repository.ownership != .kept {
                    let index = holdings.add(repository)
                    found = (repository, index)
                    try await look(at: repository, index, &holdings)
                } else {
                    try await keep(name, &holdings)
                }
            } catch {
                try faults.note(error, of: name, pacer)
                if let found { holdings.unread.insert(found.index) }
                // What a mirror needs can be had again.
                if found?.repository.ownership != .cached { isBlind = true }
            }
        }
        connect(&holdings)
        holdings.settle()
        return holdings
    }

    private mutating func names() async throws -> [RepositoryName] {
        let (names, unreadable) = try await store.everyRepository()
        for (folder, error) in unreadable {
            try faults.note(error, of: folder, pacer)
            isBlind = true
        }
        return names
    }

    /// What manifests name is among what was found, or is not held.
    private mutating func connect(_ holdings: inout Holdings) {
        for (index, facts) in named.enumerated() {
            guard let facts else { continue }
            holdings.manifests[index].blobs = facts.blobs.compactMap { holdings.id(of: $0) }
            holdings.manifests[index].children = facts.children.compactMap { holdings.id(of: $0) }
            holdings.manifests[index].subject = facts.subject.flatMap { holdings.id(of: $0) }
        }
        named = []
    }

    /// Nil for one that no namespace has any more.
    private func repository(_ name: RepositoryName) async throws -> Holdings.Repository? {
        guard let found = try? settings.namespaces.repository(name), found.name == name,
            let space = spaces.firstIndex(of: found.namespace.key)
        else { return nil }
        let namespace = found.namespace
        let ownership: Holdings.Ownership =
            // What cannot be fetched again is no cache.
            if namespace.isLocal || namespace.isOffline { .kept } else if try await store.isKeptWhole(name) {
                .kept
            } else {
                namespace.pushes.isOverlay ? .mixed : .cached
            }
        return Holdings.Repository(name: name, ownership: ownership, space: space)
    }

    private mutating func keep(_ name: RepositoryName, _ holdings: inout Holdings) async throws {
        for (digest, _) in try await store.grants(of: name) + store.manifests(of: name) {
            try await pacer.pace()
            if let content = try await content(digest, &holdings) { holdings.keep(content) }
        }
    }

    /// Nil if its bytes are not there.
    private func content(_ digest: Digest, _ holdings: inout Holdings) async throws -> Int? {
        if let id = holdings.id(of: digest) { return id }
        guard let info = try await store.blobInfo(digest) else { return nil }
        return holdings.add(digest, size: info.size)
    }

    private mutating func look(
        at repository: Holdings.Repository, _ index: Int, _ holdings: inout Holdings
    ) async throws {
        for (digest, time) in try await store.grants(of: repository.name) {
            try await pacer.pace()
            if let content = try await content(digest, &holdings) { holdings.grant(content, to: index, at: time) }
        }
        let tags = try await tags(of: repository.name)
        for (digest, time) in try await store.manifests(of: repository.name) {
            try await pacer.pace()
            guard let content = try await content(digest, &holdings) else { continue }
            var manifest = Holdings.Manifest(repository: index, content: content, lastUse: time)
            manifest.tags = tags[digest] ?? []
            let pulled = try await registry.lastPulled(.digest(digest), in: repository.name)
            manifest.lastUse = max(time, pulled ?? 0)
            manifest.isProven = manifest.lastUse - time > Self.firstPull
            manifest.isPinned = isPinned(digest, manifest.tags, repository)
            if repository.ownership == .mixed {
                manifest.isKept = try await isKept(digest, manifest.tags, repository.name)
            }
            let facts = try await parts(of: digest, in: repository.name)
            if manifest.isKept, facts?.isOpaque ?? true { holdings.unknown.insert(index) }
            named.append(facts)
            holdings.add(manifest)
        }
    }

    /// Nil if the manifest cannot be read.
    private mutating func parts(of digest: Digest, in name: RepositoryName) async throws -> ManifestFacts.Facts? {
        do throws(StorageError) {
            return try await facts.facts(of: digest, in: name, store)
        } catch {
            // What is no manifest any more is scrub's matter.
            if error.code != .tooLarge, error.code != .corrupt { try faults.note(error, of: digest, pacer) }
            return nil
        }
    }

    private mutating func tags(of name: RepositoryName) async throws -> [Digest: [Tag]] {
        var tags: [Digest: [Tag]] = [:]
        for tag in try await store.tags(of: name, after: nil, limit: .max) {
            try await pacer.pace()
            do throws(StorageError) {
                guard let record = try await store.tag(tag, in: name) else { continue }
                tags[record.digest, default: []].append(tag)
            } catch {
                // A link that is damaged names nothing; one that cannot be read now may pin what it names.
                guard error.isDamage else { throw error }
            }
        }
        return tags
    }

    private func isPinned(_ digest: Digest, _ tags: [Tag], _ repository: Holdings.Repository) -> Bool {
        [settings.cache, settings.caches[spaces[repository.space]]].contains { limits in
            guard let limits else { return false }
            return limits.pinnedDigests.contains(digest) || tags.contains { limits.isPinned(repository.name, $0) }
        }
    }

    private func isKept(_ digest: Digest, _ tags: [Tag], _ name: RepositoryName) async throws -> Bool {
        if try await store.isKept(digest, in: name) { return true }
        // Tags that were pushed before manifests were marked.
        for tag in tags where try await store.pushedTag(tag, in: name) == digest { return true }
        return false
    }
}
