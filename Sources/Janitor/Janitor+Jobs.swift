internal import Coordination
internal import FoundationEssentials
internal import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
internal import OCI
internal import Registry
internal import Storage

/// How the jobs are carried out.
extension Janitor {
    enum SkippedJobError: String, Error {
        case justDone = "another replica did it a moment ago"
        case nobodyToAsk = "nobody can be asked whether another replica is at it; it is tried again"
    }

    struct WrongClockError: Error, CustomStringConvertible {
        let description: String
    }

    struct Outcome: Sendable {
        var counts: [String: Int64]
        var findings: [ScrubFinding]?
        /// What was passed over; nil if nothing was.
        var failure: String?
    }

    /// What removes is done by one replica at a time, whatever it is.
    private func leaseKey(_ job: JanitorJob) -> CoordinationKey {
        // Within the process the lanes have their order, and what makes room waits for nobody.
        if coordination == nil { return CoordinationKey(Self.leaseSpace, job.rawValue) }
        return CoordinationKey(Self.leaseSpace, job == .scrub ? "scrub" : "removal")
    }

    private static let leaseSpace = CoordinationKey.Space("janitor")

    /// Seconds since 1970, by the clock that dates what lies in the store.
    private var storeTime: Int64 { now() + store.clockDifference }

    func leased(_ wish: Wish, _ settings: JanitorSettings) async throws -> Outcome {
        if wish.job != .scrub, let warning = store.clockWarning { throw WrongClockError(description: warning) }
        // It is this one's disk that is full, whatever the others do.
        guard wish.needed == nil, let coordination else { return try await carryOut(wish, settings) { true } }
        let translate: (CoordinationError) -> any Error = { $0 }
        return try await leases.withLock(leaseKey(wish.job), translate: translate) {
            (held) async throws(any Error) -> Outcome in
            guard held.isShared else { throw SkippedJobError.nobodyToAsk }
            let done = CoordinationKey(Self.leaseSpace, "done-\(wish.job.rawValue)")
            // A mark that cannot be read is none: the job is done once more.
            let mark = wish.cause == .schedule ? try? await coordination.value(done) : nil
            if mark != nil { throw SkippedJobError.justDone }
            let outcome = try await carryOut(wish, settings) { (try? held.check()) != nil }
            if outcome.failure == nil, let interval = settings.interval(of: wish.job) {
                _ = try? await coordination.store([1], done, life: interval * 0.8, .always)
            }
            return outcome
        }
    }

    /// - Parameter mayGoOn: Whether it is still this replica's turn.
    private func carryOut(
        _ wish: Wish, _ settings: JanitorSettings, _ mayGoOn: @escaping @Sendable () -> Bool
    ) async throws -> Outcome {
        // Who found no room waits for it, with clients that wait.
        let yields: @Sendable () -> Bool = wish.needed == nil ? isServing : Pacer.hurries
        let pacer = Pacer(isServing: yields, mayGoOn: mayGoOn)
        do {
            switch wish.job {
            case .eviction: return try await evict(wish, settings, pacer)
            case .collection: return try await collect(settings, pacer)
            case .retention: return Outcome(counts: try await retain(settings, pacer))
            case .scrub: return try await scrub(settings, mayGoOn)
            }
        } catch is CancellationError where !Task.isCancelled && !mayGoOn() {
            throw CoordinationError(.leaseLost, "another replica may have taken over; it is tried again")
        }
    }

    /// Whether nobody else works on the store.
    var isAlone: Bool { coordination == nil && !store.isRemote && !hasNeighbours() }

    /// How long another collector is given to end what it began, after it has lost its lease at the latest.
    private var sweepPatience: Duration {
        if isAlone { return .zero }
        return coordination == nil ? .seconds(600) : .seconds(60)
    }

    private func collect(_ settings: JanitorSettings, _ pacer: Pacer) async throws -> Outcome {
        let patience = sweepPatience
        var collection = Collection(
            store: store, registry: registry, settings: settings, facts: facts, memory: memory, pacer: pacer,
            patience: patience, logger: logger, now: storeTime)
        try await collection.run()
        if collection.counts["waitingSweeps"] ?? 0 > 0 {
            // Whoever wants to push what another replica died over should not wait for the next regular round.
            state.withLockedValue { $0.due[.collection] = .now + patience }
        }
        return Outcome(counts: collection.counts, failure: collection.faults.summary)
    }

    private func retain(_ settings: JanitorSettings, _ pacer: Pacer) async throws -> [String: Int64] {
        var round = RetentionRound(
            store: store, registry: registry, settings: settings, pacer: pacer, logger: logger, now: storeTime)
        try await round.run()
        return round.counts
    }

    private func scrub(
        _ settings: JanitorSettings, _ mayGoOn: @escaping @Sendable () -> Bool
    ) async throws -> Outcome {
        let start = ContinuousClock.now
        var scrub = Scrub(
            store: store, settings: settings, repairer: registry, rate: settings.scrubRate, isServing: isServing,
            mayGoOn: mayGoOn, now: storeTime,
            report: { [state] done, total in state.withLockedValue { $0.progress = (done, total, start) } })
        try await scrub.run()
        for finding in scrub.findings where finding.repair == .none {
            logger.error("damage that cannot be repaired", metadata: ["finding": "\(finding.text)"])
        }
        Gauge(label: "entrepot_scrub_findings").record(scrub.counts["findings"] ?? 0)
        return Outcome(counts: scrub.counts, findings: scrub.findings)
    }

    private func evict(_ wish: Wish, _ settings: JanitorSettings, _ pacer: Pacer) async throws -> Outcome {
        let filled = registry.filledBytes
        let eviction = Eviction(
            store: store, registry: registry, settings: settings, facts: facts, logger: logger, now: now(),
            free: freeBytes(), needed: wish.needed, pacer: pacer, isAlone: isAlone,
            clockDifference: store.clockDifference)
        var result = try await eviction.run()
        state.withLockedValue { $0.counted = (result.cachedBytes, filled) }
        Gauge(label: "entrepot_cache_bytes").record(result.cachedBytes)
        if !store.isRemote, result.counts["condemned"] ?? 0 > 0 {
            // Other processes write to the store too: bytes go the way that is safe beside them.
            let collected = try await collect(settings, pacer)
            for name in ["removedContents", "freedBytes", "failures"] {
                result.counts[name, default: 0] += collected.counts[name] ?? 0
            }
            result.failure = result.failure ?? collected.failure
        }
        return Outcome(counts: result.counts, failure: result.failure)
    }
}
