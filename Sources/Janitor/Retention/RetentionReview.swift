public import OCI
internal import Registry
public import Retention
public import Storage

/// What retention makes of one repository: what is kept by which rule, and what goes. Reads, and changes nothing.
public struct RetentionReview: Sendable {
    /// Of one tag, or of a manifest without one.
    public struct Verdict: Sendable, Equatable {
        public enum Reason: Sendable, Equatable {
            /// From 0, in the order of the policy.
            case rule(Int)
            /// An index that is kept needs it.
            case part
            /// What it refers to is kept.
            case referrer
            /// It came only just now, and what needs it may be on its way.
            case fresh
            /// No rule is true.
            case nothing
        }

        public let tag: Tag?
        public let digest: Digest
        public let reason: Reason
        /// Seconds since 1970.
        let time: Int64

        public var isKept: Bool { reason != .nothing }
    }

    public struct Failure: Sendable {
        /// From 0; nil if it was none's fault.
        public let rule: Int?
        public let reason: String
    }

    /// What goes at once: tags first.
    struct Step: Sendable, Equatable {
        var tags: [RetiredTag] = []
        var manifests: [Digest] = []
    }

    public let repository: RepositoryName
    /// Why nothing goes whatever the rules say of it; nil if they could be evaluated.
    public private(set) var failure: Failure?
    public private(set) var verdicts: [Verdict] = []
    /// What goes, in its order: what is referred to before what refers to it.
    private(set) var steps: [Step] = []
    /// All that were looked at, and when each was pushed, by seconds since 1970.
    private(set) var known: [Digest: Int64] = [:]

    /// - Parameters:
    ///   - lastPulled: Seconds since 1970; nil if never.
    ///   - grace: Seconds for which a manifest without a tag is kept whatever the rules say.
    ///   - now: Seconds since 1970.
    ///   - pace: Called between small pieces of work; may wait.
    public static func of(
        _ repository: RepositoryName, _ policy: RetentionPolicy, store: RegistryStore,
        lastPulled: (Reference) async throws -> Int64?, grace: Int64, now: Int64, pace: () async throws -> Void = {}
    ) async throws -> RetentionReview {
        var review = RetentionReview(repository: repository)
        let holdings = try await RetentionHoldings.read(repository, store, pace: pace)
        review.known = holdings.manifests.mapValues(\.time)
        var candidates: [RetentionCandidate] = []
        for (tag, record) in holdings.tags {
            candidates.append(RetentionCandidate(tag: tag, digest: record.digest, pushedAt: record.checked))
        }
        for digest in holdings.loose.sorted() {
            candidates.append(
                RetentionCandidate(tag: nil, digest: digest, pushedAt: review.known[digest] ?? now))
        }
        var sizes = ImageSizes(holdings.manifests)
        var pulls = ImagePulls(holdings.manifests)
        for index in candidates.indices {
            try await pace()
            let digest = candidates[index].digest
            let content = holdings.manifests[digest]?.content
            candidates[index].annotations = content?.annotations ?? [:]
            candidates[index].hasReferrers = holdings.hasReferrers(digest)
            if policy.looksAtSizes { candidates[index].size = try await sizes.size(of: digest, pace: pace) }
            if policy.looksAtPulls {
                candidates[index].lastPulledAt = try await pulls.last(
                    candidates[index].tag, digest, lastPulled, pace: pace)
            }
            guard policy.looksAtLabels, let configuration = content?.config else { continue }
            guard let labels = try await ImageLabels.of(configuration, store) else {
                review.failure = Failure(
                    rule: nil,
                    reason: "the configuration \(configuration.digest) of \(digest) cannot be read for labels")
                return review
            }
            candidates[index].labels = labels
        }
        review.conclude(
            candidates, try await policy.decide(candidates, in: repository, now: now, pace: pace), holdings,
            fresh: holdings.fresh(grace, now: now))
        return review
    }

    private mutating func conclude(
        _ candidates: [RetentionCandidate], _ decisions: [RetentionPolicy.Decision], _ holdings: RetentionHoldings,
        fresh: Set<Digest>
    ) {
        if case .failed(let rule, let reason)? = decisions.last {
            failure = Failure(rule: rule, reason: reason)
            return
        }
        if let unreadable = holdings.manifests.first(where: { $0.value.content == nil })?.key {
            failure = Failure(rule: nil, reason: "the manifest \(unreadable) cannot be read, and may need anything")
            return
        }
        var own: Set<Digest> = []
        for (candidate, decision) in zip(candidates, decisions) {
            guard case .kept = decision else { continue }
            own.insert(candidate.digest)
        }
        let (kept, parts) = holdings.belonging(to: own.union(fresh))
        for (candidate, decision) in zip(candidates, decisions) {
            let reason: Verdict.Reason =
                if case .kept(let rule) = decision {
                    .rule(rule)
                } else if candidate.tag == nil, fresh.contains(candidate.digest) {
                    .fresh
                } else if candidate.tag == nil, kept.contains(candidate.digest), !own.contains(candidate.digest) {
                    parts.contains(candidate.digest) ? .part : .referrer
                } else { .nothing }
            verdicts.append(
                Verdict(tag: candidate.tag, digest: candidate.digest, reason: reason, time: candidate.pushedAt))
        }
        for companion in holdings.companions {
            let isKept = companion.subject.map(kept.contains) ?? false
            verdicts.append(
                Verdict(
                    tag: companion.tag, digest: companion.record.digest, reason: isKept ? .referrer : .nothing,
                    time: companion.record.checked))
        }
        let subjects = Dictionary(holdings.companions.map { ($0.tag, $0.subject) }) { first, _ in first }
        let tags = verdicts.compactMap { verdict -> RetiredTag? in
            guard !verdict.isKept, let tag = verdict.tag else { return nil }
            return RetiredTag(
                tag: tag, record: TagRecord(digest: verdict.digest, checked: verdict.time),
                subject: subjects[tag] ?? nil)
        }
        steps = holdings.steps(removing: tags, keeping: kept)
    }
}
