internal import CEL
public import OCI

/// All policies of a configuration.
public struct AccessPolicies: Sendable, Equatable {
    public let global: AccessPolicy?
    /// By the key of the namespace.
    public let repositories: [RepositoryName: AccessPolicy]
    /// In the place of the global policy, where there is none.
    public let fallback: DefaultAccess
    let mentions: PolicyVariables.Mentions

    public init(
        global: AccessPolicy? = nil, repositories: [RepositoryName: AccessPolicy] = [:],
        fallback: DefaultAccess = .reads
    ) {
        self.global = global
        self.repositories = repositories
        self.fallback = fallback
        mentions = PolicyVariables.Mentions(Array(repositories.values) + (global.map { [$0] } ?? []))
    }

    public static let open = AccessPolicies(fallback: .open)

    /// Whether everybody may do this anywhere, so that nobody need be asked who they are.
    @inline(__always)
    public func isOpen(to operation: AccessOperation) -> Bool {
        global == nil && repositories.isEmpty && operation != .admin && (fallback == .open || operation.isReading)
    }

    /// Whether the tags of a repository have to be judged one by one.
    public func looksAtTags(namespace: RepositoryName?) -> Bool {
        global?.looksAtTags ?? false || namespace.flatMap { repositories[$0] }?.looksAtTags ?? false
    }

    /// The decision: a token's grants first, then the global policy or what stands in its place, then that of the
    /// repository, which can only narrow.
    public func decide(_ request: AccessRequest, for identity: Identity) -> Decision {
        decide(request, for: identity) { _, _ in }
    }

    /// What each policy that was asked said, in order, and the decision.
    public func explain(
        _ request: AccessRequest, for identity: Identity
    ) -> (steps: [(scope: PolicyScope, decision: Decision)], decision: Decision) {
        var steps: [(scope: PolicyScope, decision: Decision)] = []
        let decision = decide(request, for: identity) { steps.append((scope: $0, decision: $1)) }
        return (steps, decision)
    }

    /// What is decided before any rule is asked; nil if rules decide.
    func decisionWithoutRules(_ request: AccessRequest, for identity: Identity) -> Decision? {
        if let grants = identity.grants, !request.isCovered(by: grants) {
            return Decision(isAllowed: false, .grants)
        }
        if request.action.operation == .admin, !identity.isKnown || global == nil {
            return Decision(isAllowed: false, .unknownAdministrator)
        }
        guard global == nil else { return nil }
        // The fallback stands in the place of the global policy: that of a repository narrows it as well.
        guard fallback == .open || request.action.operation.isReading || identity.isKnown else {
            return Decision(isAllowed: false, .noPolicy(fallback))
        }
        if let namespace = request.namespace, repositories[namespace] != nil { return nil }
        // Where some repositories are closed, a name that nobody takes must look like one of them.
        let mayBeTold = request.repository == nil || request.namespace != nil || repositories.isEmpty
        return mayBeTold ? Decision(isAllowed: true, .noPolicy(fallback)) : Decision(isAllowed: false, .noNamespace)
    }

    private func decide(
        _ request: AccessRequest, for identity: Identity, _ note: (PolicyScope, Decision) -> Void
    ) -> Decision {
        if let decision = decisionWithoutRules(request, for: identity) { return decision }
        let own = request.namespace.flatMap { key in repositories[key].map { (PolicyScope.repository(key), $0) } }
        let activation = PolicyVariables.activation(request, identity, mentions)
        var decision: Decision?
        if let global {
            let first = global.decide(activation, scope: .global)
            note(.global, first)
            guard first.isAllowed else { return first }
            decision = first
        }
        if let (scope, policy) = own {
            let last = policy.decide(activation, scope: scope)
            note(scope, last)
            decision = last
        }
        return decision ?? Decision(isAllowed: false, .noPolicy(fallback))
    }
}
