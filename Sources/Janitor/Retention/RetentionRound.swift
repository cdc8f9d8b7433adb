import Logging
import Metrics
public import OCI
public import Registry
public import Retention
public import Storage

/// One round of retention over all local repositories that have rules.
struct RetentionRound {
    let store: RegistryStore
    let registry: Registry
    let settings: JanitorSettings
    let logger: Logger
    /// Seconds since 1970.
    let now: Int64
    private var pacer: Pacer
    private(set) var counts: [String: Int64] = [
        "repositories": 0, "images": 0, "keptImages": 0, "removedTags": 0, "removedManifests": 0,
        "failedRepositories": 0,
    ]

    init(
        store: RegistryStore, registry: Registry, settings: JanitorSettings, pacer: Pacer = .hurried, logger: Logger,
        now: Int64
    ) {
        self.store = store
        self.registry = registry
        self.settings = settings
        self.pacer = pacer
        self.logger = logger
        self.now = now
    }

    mutating func run() async throws {
        var closed: [(String, StorageError)] = []
        let judged = try await settings.judged(store) { folder, error in closed.append((folder, error)) }
        for (folder, error) in closed { fail(folder, "\(error)") }
        for repository in judged {
            try await pacer.pace()
            do {
                try await judge(repository)
            } catch let error as StorageError {
                fail(repository.name, "\(error)")
            } catch let error as RegistryError {
                fail(repository.name, error.cause.map { "\($0)" } ?? error.message)
            }
        }
    }

    private mutating func judge(_ repository: Repository) async throws {
        let policy = settings.retention(repository.namespace.key)
        var pacer = pacer
        defer { self.pacer = pacer }
        let review = try await RetentionReview.of(
            repository.name, policy, store: store,
            lastPulled: { try await registry.lastPulled($0, in: repository.name) }, grace: settings.grace, now: now,
            pace: { try await pacer.pace() })
        counts["repositories", default: 0] += 1
        counts["images", default: 0] += Int64(review.verdicts.count)
        counts["keptImages", default: 0] += Int64(review.verdicts.count { $0.isKept })
        if let failure = review.failure {
            return fail(repository.name, failure.reason, rule: failure.rule.map { policy.rules[$0].text })
        }
        for step in review.steps {
            let (tags, manifests) = try await registry.retire(
                step.tags, step.manifests, known: review.known, in: repository)
            counts["removedTags", default: 0] += Int64(tags)
            counts["removedManifests", default: 0] += Int64(manifests)
            Counter(label: "entrepot_retired_tags_total").increment(by: tags)
        }
    }

    private mutating func fail(_ name: some CustomStringConvertible, _ reason: String, rule: String? = nil) {
        counts["failedRepositories", default: 0] += 1
        logger.error(
            "retention failed for a repository: nothing more of it is removed",
            metadata: ["repository": "\(name)", "rule": "\(rule ?? "")", "reason": "\(reason)"])
    }
}

extension JanitorSettings {
    /// The rules for a namespace: those for all, and its own; one that is true keeps.
    public func retention(_ namespace: RepositoryName) -> RetentionPolicy {
        RetentionPolicy(rules: retention.rules + (retentions[namespace]?.rules ?? []))
    }

    /// The local repositories for which there are rules.
    ///
    /// - Parameter unreadable: Told of a folder that cannot be read, by its name; throws the error where nobody takes it.
    public func judged(
        _ store: RegistryStore,
        unreadable: (String, StorageError) throws(StorageError) -> Void = { (_, error) throws(StorageError) in
            throw error
        }
    ) async throws -> [Repository] {
        guard hasRetention else { return [] }
        var found: [Repository] = []
        _ = try await store.repositories(limit: 0, budget: .max, unreadable: unreadable) {
            (name) async throws(StorageError) in
            if let repository = try? namespaces.repository(name), repository.name == name,
                repository.namespace.isLocal, !retention(repository.namespace.key).rules.isEmpty
            {
                found.append(repository)
            }
            return false
        }
        return found
    }
}
