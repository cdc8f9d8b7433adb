internal import CEL
public import OCI

/// Rules that say which images of local repositories are kept: one that is true keeps, and without rules everything is
/// kept.
public struct RetentionPolicy: Sendable, Equatable {
    public let rules: [RetentionRule]

    public init(rules: [RetentionRule] = []) {
        self.rules = rules
    }

    /// Whether any rule looks at labels, which have to be read from the images' configurations.
    public var looksAtLabels: Bool { rules.contains { $0.text.contains("labels") } }

    /// Whether any rule looks at when images were pulled, which has to be read for each.
    public var looksAtPulls: Bool { rules.contains { $0.text.contains("pulled") } }

    /// Whether any rule looks at sizes.
    public var looksAtSizes: Bool { rules.contains { $0.text.contains("size") } }

    /// What is decided of an image.
    public enum Decision: Sendable, Equatable {
        /// By the rule at this place, from 0.
        case kept(rule: Int)
        /// No rule is true.
        case goes
        /// A rule could not be evaluated: nothing of the repository may go.
        case failed(rule: Int, reason: String)
    }

    /// Decides on all images of a repository, in their order. The first failure is the last decision.
    ///
    /// - Parameters:
    ///   - now: Seconds since 1970.
    ///   - pace: Called between images; may wait.
    public func decide(
        _ candidates: [RetentionCandidate], in repository: RepositoryName, now: Int64,
        pace: () async throws -> Void = {}
    ) async rethrows -> [Decision] {
        let pushed = Self.latest(candidates) { $0.pushedAt }
        let pulled = Self.latest(candidates.filter { $0.lastPulledAt > 0 }) { $0.lastPulledAt }
        let lists = RetentionVariables.Lists(
            pushed: .list(pushed.map { .string($0.value) }), pulled: .list(pulled.map { .string($0.value) }))
        let pushedRanks = Self.ranks(pushed)
        let pulledRanks = Self.ranks(pulled)
        var decisions: [Decision] = []
        for candidate in candidates {
            try await pace()
            let scene = RetentionVariables.Scene(
                now: now, pushedRank: candidate.tag.flatMap { pushedRanks[$0] },
                pulledRank: candidate.tag.flatMap { pulledRanks[$0] })
            let decision = decide(RetentionVariables.activation(candidate, repository, lists), scene)
            decisions.append(decision)
            if case .failed = decision { break }
        }
        return decisions
    }

    private func decide(_ activation: Activation, _ scene: RetentionVariables.Scene) -> Decision {
        RetentionVariables.$scene.withValue(scene) { decide(activation) }
    }

    private func decide(_ activation: Activation) -> Decision {
        for (index, rule) in rules.enumerated() {
            do throws(CELConditionError) {
                if try rule.keeps(activation) { return .kept(rule: index) }
            } catch {
                return .failed(rule: index, reason: error.message)
            }
        }
        return rules.isEmpty ? .kept(rule: 0) : .goes
    }

    /// Tags, the latest first; of the same second in the order of their names.
    private static func latest(
        _ candidates: [RetentionCandidate], by time: (RetentionCandidate) -> Int64
    ) -> [Tag] {
        candidates.compactMap { candidate in candidate.tag.map { (tag: $0, time: time(candidate)) } }
            .sorted { ($1.time, $0.tag.value) < ($0.time, $1.tag.value) }.map(\.tag)
    }

    private static func ranks(_ tags: [Tag]) -> [Tag: Int] {
        Dictionary(tags.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
