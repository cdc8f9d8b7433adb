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
    let store: RegistryStore
    let registry: Registry
    let settings: JanitorSettings
    let facts: ManifestFacts
    let logger: Logger
    /// Seconds since 1970.
    let now: Int64
    private var pacer: Pacer
    private(set) var counts: [String: Int64] = [
        "repositories": 0, "manifests": 0, "contents": 0, "condemned": 0, "removedLinks": 0, "removedContents": 0,
        "removedUploads": 0, "removedFolders": 0, "freedBytes": 0, "unreadable": 0,
    ]

    init(
        store: RegistryStore, registry: Registry, settings: JanitorSettings, facts: ManifestFacts = ManifestFacts(),
        pacer: Pacer = .hurried, logger: Logger, now: Int64
    ) {
        self.store = store
        self.registry = registry
        self.settings = settings
        self.facts = facts
        self.pacer = pacer
        self.logger = logger
        self.now = now
    }

    mutating func run() async throws {
        let marked = Dictionary(
            try await store.condemnedContents().map { (PackedDigest($0.digest), $0.time) },
            uniquingKeysWith: { first, _ in first })
        try await store.claims.watching { watch in
            var links = Links()
            var names: [RepositoryName] = []
            _ = try await store.repositories(limit: 0, budget: .max) { (name) async throws(StorageError) in
                names.append(name)
                return false
            }
            for name in names {
                count("repositories", 1)
                try await collect(name, &links)
            }
            try await collectContents(links, marked, watch)
        }
    }

    private struct Links {
        var needed = ReferenceSet()
        /// By links that are condemned. Contents to which there are no others are condemned along with them, and removed
        /// after them.
        var doomed = ReferenceSet()
    }

    // MARK: Links

    private mutating func collect(_ name: RepositoryName, _ links: inout Links) async throws {
        let isWritable = (try? settings.namespaces.repository(name))?.namespace.isWritable ?? false
        guard isWritable else {
            // A mirror's links are eviction's; those that no namespace has any more are nobody's.
            for (digest, _) in try await store.grants(of: name) + store.manifests(of: name) {
                try await pacer.pace()
                links.needed.insert(digest)
            }
            return
        }
        let condemned = Dictionary(
            try await store.condemnedGrants(of: name).map { ($0.digest, $0.time) },
            uniquingKeysWith: { first, _ in first })
        let grants = try await store.grants(of: name)
        let needed = try await needs(of: name, &links)
        for (digest, _) in grants {
            try await pacer.pace()
            if needed?.contains(digest) ?? true {
                links.needed.insert(digest)
                if condemned[digest] != nil { try await store.rescue(.grant(digest, in: name)) }
            } else if let marked = condemned[digest] {
                if isRipe(marked), try await registry.collectGrant(digest, in: name) {
                    count("removedLinks", 1)
                } else {
                    links.doomed.insert(digest)
                }
            } else {
                links.doomed.insert(digest)
                try await store.condemn(.grant(digest, in: name), at: now)
                count("condemned", 1)
            }
        }
        count("removedUploads", Int64(try await registry.collectUploads(of: name, before: now - settings.grace)))
        count("removedFolders", Int64(try await store.removeEmptyFolders(of: name)))
    }

    /// The blobs that the manifests of a repository name; nil if that is not to be known, as one of them cannot be read.
    private mutating func needs(
        of name: RepositoryName, _ links: inout Links
    ) async throws -> ReferenceSet? {
        var needs = ReferenceSet()
        var isKnown = true
        for (digest, _) in try await store.manifests(of: name) {
            try await pacer.pace()
            links.needed.insert(digest)
            count("manifests", 1)
            guard let facts = try? await facts.facts(of: digest, in: name, store), !facts.isOpaque
            else {
                // What it names is not known: everything here may be.
                isKnown = false
                count("unreadable", 1)
                continue
            }
            for blob in facts.blobs { needs.insert(blob) }
        }
        return isKnown ? needs : nil
    }

    // MARK: Contents

    private mutating func collectContents(
        _ links: Links, _ marked: [PackedDigest: Int64], _ watch: ContentClaims.Watch
    ) async throws {
        for algorithm in Digest.Algorithm.allCases {
            for shelf in try await store.contentShelves(algorithm) {
                for digest in try await store.contents(algorithm, shelf: shelf) {
                    try await pacer.pace()
                    count("contents", 1)
                    try await collect(digest, links, marked[PackedDigest(digest)], watch)
                }
            }
        }
        // Marks of what is gone.
        for (digest, time) in marked where time < now - max(settings.grace, 1) * 10 {
            if try await store.blobInfo(digest.digest) == nil { try await store.rescue(.content(digest.digest)) }
        }
    }

    private mutating func collect(
        _ digest: Digest, _ links: Links, _ mark: Int64?, _ watch: ContentClaims.Watch
    ) async throws {
        if links.needed.contains(digest) || store.claims.isClaimed(digest, since: watch) {
            if mark != nil { try await store.rescue(.content(digest)) }
        } else if let mark {
            guard isRipe(mark), !links.doomed.contains(digest),
                let bytes = try await store.removeCondemned(.content(digest))
            else { return }
            count("removedContents", 1)
            count("freedBytes", bytes)
            Counter(label: "entrepot_collected_contents_total").increment()
            Counter(label: "entrepot_collected_bytes_total").increment(by: bytes)
        } else {
            try await store.condemn(.content(digest), at: now)
            count("condemned", 1)
        }
    }

    /// A mark of the future comes from a clock that was wrong.
    private func isRipe(_ mark: Int64) -> Bool { now - mark >= settings.grace || mark > now + settings.grace }

    private mutating func count(_ name: String, _ number: Int64) { counts[name, default: 0] += number }
}
