public import OCI
internal import Registry
public import Retention
public import Storage
internal import NIOCore

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

    public let repository: RepositoryName
    /// Why nothing goes whatever the rules say of it; nil if they could be evaluated.
    public private(set) var failure: Failure?
    public private(set) var verdicts: [Verdict] = []
    /// Manifests to be removed, what is referred to before what refers to it.
    private(set) var removed: [Digest] = []
    /// All that were looked at, and when each was pushed, by seconds since 1970.
    private(set) var known: [Digest: Int64] = [:]

    struct Held {
        var content: Manifest?
        var time: Int64
        var size: Int64
    }

    /// - Parameters:
    ///   - lastPulled: Seconds since 1970; nil if never.
    ///   - now: Seconds since 1970.
    ///   - pace: Called between small pieces of work; may wait.
    public static func of(
        _ repository: RepositoryName, _ policy: RetentionPolicy, store: RegistryStore,
        lastPulled: (Reference) async throws -> Int64?, now: Int64, pace: () async throws -> Void = {}
    ) async throws -> RetentionReview {
        var review = RetentionReview(repository: repository)
        var manifests: [Digest: Held] = [:]
        for (digest, time) in try await store.manifests(of: repository) {
            try await pace()
            let stored = try await store.manifest(digest, in: repository)
            let content = stored.flatMap {
                try? Manifest.relayed($0.bytes.readableBytesView, besides: $0.mediaType)
            }
            manifests[digest] = Held(
                content: content, time: time, size: Int64(stored?.bytes.readableBytes ?? 0))
        }
        review.known = manifests.mapValues(\.time)
        var candidates: [RetentionCandidate] = []
        let subjects = Set(manifests.values.compactMap { $0.content?.subject?.digest })
        let children = Set(manifests.values.flatMap { $0.content?.manifests.map(\.digest) ?? [] })
        var tagged: Set<Digest> = []
        for tag in try await store.tags(of: repository, after: nil, limit: .max) {
            try await pace()
            guard let record = try await store.tag(tag, in: repository), manifests[record.digest] != nil else {
                continue
            }
            tagged.insert(record.digest)
            candidates.append(
                RetentionCandidate(
                    tag: tag, digest: record.digest, pushedAt: record.checked,
                    lastPulledAt: try await lastPulled(.tag(tag)) ?? 0))
        }
        for (digest, held) in manifests.sorted(by: { $0.key < $1.key }) where !tagged.contains(digest) {
            // What belongs to another goes and stays with it.
            let subject = held.content?.subject?.digest
            guard !children.contains(digest), subject.map({ manifests[$0] == nil }) ?? true else { continue }
            candidates.append(
                RetentionCandidate(
                    tag: nil, digest: digest, pushedAt: held.time,
                    lastPulledAt: try await lastPulled(.digest(digest)) ?? 0))
        }
        for index in candidates.indices {
            let digest = candidates[index].digest
            candidates[index].annotations = manifests[digest]?.content?.annotations ?? [:]
            candidates[index].hasReferrers = subjects.contains(digest)
            candidates[index].size = size(of: digest, manifests, depth: 0)
            if policy.looksAtLabels {
                candidates[index].labels = try await labels(manifests[digest]?.content, store)
            }
        }
        review.conclude(candidates, policy.decide(candidates, in: repository, now: now), manifests)
        return review
    }

    private mutating func conclude(
        _ candidates: [RetentionCandidate], _ decisions: [RetentionPolicy.Decision], _ manifests: [Digest: Held]
    ) {
        if case .failed(let rule, let reason)? = decisions.last {
            failure = Failure(rule: rule, reason: reason)
            return
        }
        if let unreadable = manifests.first(where: { $0.value.content == nil })?.key {
            failure = Failure(rule: nil, reason: "the manifest \(unreadable) cannot be read, and may need anything")
            return
        }
        let referrers = Dictionary(grouping: manifests.keys) { manifests[$0]?.content?.subject?.digest }
        var kept: Set<Digest> = []
        for (candidate, decision) in zip(candidates, decisions) {
            guard case .kept = decision else { continue }
            kept.insert(candidate.digest)
        }
        let own = kept
        var parts: Set<Digest> = []
        var open = Array(kept)
        while let digest = open.popLast() {
            for child in manifests[digest]?.content?.manifests ?? []
            where manifests[child.digest] != nil && kept.insert(child.digest).inserted {
                parts.insert(child.digest)
                open.append(child.digest)
            }
            // What refers to it.
            for referrer in referrers[digest] ?? [] where kept.insert(referrer).inserted { open.append(referrer) }
        }
        for (candidate, decision) in zip(candidates, decisions) {
            let reason: Verdict.Reason =
                if case .kept(let rule) = decision {
                    .rule(rule)
                } else if candidate.tag == nil,
                    kept.contains(candidate.digest), !own.contains(candidate.digest)
                {
                    parts.contains(candidate.digest) ? .part : .referrer
                } else { .nothing }
            verdicts.append(
                Verdict(tag: candidate.tag, digest: candidate.digest, reason: reason, time: candidate.pushedAt))
        }
        removed = Self.ordered(manifests.filter { !kept.contains($0.key) })
    }

    /// Subjects before what refers to them, indexes before their images.
    private static func ordered(_ manifests: [Digest: Held]) -> [Digest] {
        var ranks: [Digest: Int] = [:]
        func rank(_ digest: Digest, depth: Int) -> Int {
            if let known = ranks[digest] { return known }
            guard depth < 8, let subject = manifests[digest]?.content?.subject?.digest, manifests[subject] != nil else {
                return 0
            }
            let result = rank(subject, depth: depth + 1) + 1
            ranks[digest] = result
            return result
        }
        return manifests.keys.sorted { (rank($0, depth: 0), $0) < (rank($1, depth: 0), $1) }
    }

    private static func size(of digest: Digest, _ manifests: [Digest: Held], depth: Int) -> Int64 {
        guard let held = manifests[digest], let content = held.content, depth < 4 else { return 0 }
        let blobs = content.blobs.reduce(Int64(0)) { $0 &+ $1.size }
        return content.manifests.prefix(1000).reduce(held.size &+ blobs) {
            $0 &+ size(of: $1.digest, manifests, depth: depth + 1)
        }
    }

    private static func labels(_ manifest: Manifest?, _ store: RegistryStore) async throws -> [String: String] {
        guard let config = manifest?.config, config.size <= ImageLabels.largestConfiguration,
            let content = try await store.smallBlob(config.digest, limit: ImageLabels.largestConfiguration)
        else { return [:] }
        return ImageLabels.read(content)
    }
}
