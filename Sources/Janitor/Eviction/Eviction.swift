import Logging
import Metrics
import OCI
import Registry
import Storage

/// One round of eviction: look at everything, then take away until the rest is within its limits.
struct Eviction {
    let store: RegistryStore
    let registry: Registry
    let settings: JanitorSettings
    let facts: ManifestFacts
    let logger: Logger
    /// Seconds since 1970.
    let now: Int64
    /// Bytes that the file system has left; nil if nobody knows.
    let free: Int64?
    /// Bytes for which somebody found no room; nil if nobody did.
    let needed: Int64?
    let pacer: Pacer
    /// Whether nobody else writes to the store: then whoever begins to rely on bytes is known, and they can be removed at once.
    /// Else they are condemned, and left to collection.
    let isAlone: Bool
    /// Seconds by which the clock that judges marks is ahead.
    let clockDifference: Int64
    /// Changes nothing, and counts what would be.
    let isDry: Bool
    private let round = CollectionRound()

    /// Seconds for which who reads from a bucket may take.
    private static let reading: Int64 = 900

    init(
        store: RegistryStore, registry: Registry, settings: JanitorSettings, facts: ManifestFacts = ManifestFacts(),
        logger: Logger, now: Int64, free: Int64?, needed: Int64?, pacer: Pacer, isAlone: Bool = true,
        clockDifference: Int64 = 0, isDry: Bool = false
    ) {
        self.store = store
        self.registry = registry
        self.settings = settings
        self.facts = facts
        self.logger = logger
        self.now = now
        self.free = free
        self.needed = needed
        self.pacer = pacer
        self.isAlone = isAlone
        self.clockDifference = clockDifference
        self.isDry = isDry
    }

    struct Result {
        /// Bytes that came from upstreams and are left.
        var cachedBytes: Int64 = 0
        var counts: [String: Int64] = [:]
        /// What was passed over; nil if nothing was.
        var failure: String?
    }

    func run() async throws -> Result {
        try await store.claims.watching { watch in
            var walk = HoldingsWalk(
                store: store, registry: registry, settings: settings, facts: facts, pacer: pacer, logger: logger)
            let holdings = try await walk.run()
            var plan = EvictionPlan(holdings, grace: now - settings.grace) { bounds($0, walk.spaces) }
            var result = Result()
            result.counts = [
                "manifests": Int64(holdings.manifests.count), "cachedBytesBefore": holdings.size,
                "evictedManifests": 0, "evictedContents": 0, "freedBytes": 0,
            ]
            // Links that go make no room as long as no bytes may.
            if needed == nil || !walk.isBlind { try await carryOut(&plan, watch, &walk, &result) }
            result.cachedBytes = plan.holdings.size
            result.counts["cachedBytes"] = plan.holdings.size
            result.counts["failures"] = walk.faults.count
            result.failure = walk.faults.summary
            return result
        }
    }

    /// A unit that cannot be taken is passed over.
    private func carryOut(
        _ plan: inout EvictionPlan, _ watch: ContentClaims.Watch, _ walk: inout HoldingsWalk, _ result: inout Result
    ) async throws {
        while let unit = plan.next() {
            try await walk.pacer.pace()
            do {
                guard try await take(unit, plan.holdings, watch) else { continue }
            } catch {
                try walk.faults.note(error, of: repository(of: unit, plan.holdings), walk.pacer)
                continue
            }
            if case .manifest = unit {
                result.counts["evictedManifests", default: 0] += 1
                if !isDry { Counter(label: "entrepot_evicted_manifests_total").increment() }
            }
            let name = repository(of: unit, plan.holdings)
            let consequences = plan.remove(unit)
            // Those of a link that stays.
            var linked: Set<Int> = []
            for content in consequences.grants where !isDry {
                do {
                    try await registry.evictGrant(plan.holdings.contents[content].digest.digest, in: name)
                } catch {
                    try walk.faults.note(error, of: name, walk.pacer)
                    linked.insert(content)
                }
            }
            // Of what cannot be read nobody knows what it needs.
            for content in consequences.contents where !walk.isBlind && !linked.contains(content) {
                let loose = plan.holdings.contents[content]
                do { try await free(loose, watch, &result) } catch {
                    try walk.faults.note(error, of: loose.digest.digest, walk.pacer)
                }
            }
        }
    }

    private func repository(of unit: EvictionPlan.Unit, _ holdings: Holdings) -> RepositoryName {
        let repository =
            switch unit {
            case .manifest(let index): holdings.manifests[index].repository
            case .grant(let key): key.repository
            }
        return holdings.repositories[repository].name
    }

    /// Removes bytes to which no link is left.
    private func free(
        _ content: Holdings.Content, _ watch: ContentClaims.Watch, _ result: inout Result
    ) async throws {
        let digest = content.digest.digest
        if isDry {
            result.counts["evictedContents", default: 0] += 1
            result.counts["freedBytes", default: 0] += content.size
            return
        }
        // A command may have come meanwhile, whose claims nobody here sees.
        var isKnown = isAlone
        if isKnown { isKnown = try await !store.wasVisited(since: now) }
        guard isKnown else {
            let time = now + clockDifference - max(0, settings.grace - (store.isRemote ? Self.reading : 0))
            try await store.condemn(.content(digest), at: time, by: round)
            result.counts["condemned", default: 0] += 1
            return
        }
        guard let bytes = try await store.removeContent(digest, unclaimedSince: watch) else { return }
        result.counts["evictedContents", default: 0] += 1
        result.counts["freedBytes", default: 0] += bytes
        Counter(label: "entrepot_evicted_contents_total").increment()
        Counter(label: "entrepot_evicted_bytes_total").increment(by: bytes)
    }

    /// Takes away what makes the unit visible; false if it is to stay.
    private func take(
        _ unit: EvictionPlan.Unit, _ holdings: Holdings, _ watch: ContentClaims.Watch
    ) async throws -> Bool {
        if isDry { return true }
        switch unit {
        case .manifest(let index):
            let manifest = holdings.manifests[index]
            let name = holdings.repositories[manifest.repository].name
            let digest = holdings.contents[manifest.content].digest.digest
            // Used since it was looked at.
            if let pulled = try await registry.lastPulled(.digest(digest), in: name), pulled > manifest.lastUse,
                pulled >= now
            {
                return false
            }
            let subject = manifest.subject.map { holdings.contents[$0].digest.digest }
            let isGone = try await registry.evict(digest, subject: subject, tags: manifest.tags, in: name)
            if isGone { logger.debug("evicted", metadata: ["repository": "\(name)", "digest": "\(digest)"]) }
            return isGone
        case .grant(let key):
            let digest = holdings.contents[key.content].digest.digest
            // Asked for again, or pushed, since it was looked at.
            if store.claims.isClaimed(digest, since: watch) { return false }
            try await registry.evictGrant(digest, in: holdings.repositories[key.repository].name)
            return true
        }
    }

    private func bounds(_ holdings: Holdings, _ spaces: [RepositoryName]) -> EvictionPlan.Bounds {
        let limits = spaces.map { settings.caches[$0] }
        let free = free ?? .max
        return EvictionPlan.Bounds(
            oldest: limits.map { limits in (limits?.maxAge ?? settings.cache.maxAge).map { now - $0 } },
            spaces: limits.enumerated().map { space, limits in
                limits.flatMap { Self.target($0, size: holdings.sizes[space], lack: $0.lack(free: free)) }
            },
            all: Self.target(
                settings.cache, size: holdings.size, lack: max(settings.cache.lack(free: free), lack(of: holdings))))
    }

    /// Bytes that must go for who found no room. Somewhat more than is needed now, or the next would be here at once;
    /// nothing where all of it would not be enough.
    private func lack(of holdings: Holdings) -> Int64 {
        guard let needed, needed <= holdings.size else { return 0 }
        return max(needed, min(Self.spare, holdings.size / 20))
    }

    private static let spare: Int64 = 64 << 20

    /// Bytes to come down to; nil if all may stay.
    private static func target(_ limits: CacheLimits, size: Int64, lack: Int64) -> Int64? {
        let bySize = limits.highMark.flatMap { size > $0 ? limits.lowMark : nil }
        let byRoom = lack > 0 ? max(0, size - lack) : nil
        return [bySize, byRoom].compactMap { $0 }.min()
    }
}
