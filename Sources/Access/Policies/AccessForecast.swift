internal import CEL

/// What policy says of an action whose tag and digest are not known yet.
public enum AccessForecast: Sendable, Equatable {
    /// Whatever they are, this is the decision.
    case certain(Decision)
    /// It depends on them, or it cannot be told whether it does.
    case uncertain

    /// Whether it is allowed for any tag and digest.
    public var isAlwaysAllowed: Bool {
        if case .certain(let decision) = self { decision.isAllowed } else { false }
    }

    /// Whether it is denied for any tag and digest.
    public var isNeverAllowed: Bool {
        if case .certain(let decision) = self { !decision.isAllowed } else { false }
    }
}

extension AccessPolicies {
    /// What can be decided of a request before its tag and its digest are known; the request's own are not looked at.
    ///
    /// Rules are evaluated with these variables unbound. As `&&`, `||` and their like swallow the error of one side only
    /// where the other decides, what still gives a bool gives the same one whatever is bound.
    public func forecast(_ request: AccessRequest, for identity: Identity) -> AccessForecast {
        if let decision = decisionWithoutRules(request, for: identity) { return .certain(decision) }
        let own = request.namespace.map { (PolicyScope.repository($0), repositories[$0]) }
        let policies = [(PolicyScope.global, global)] + (own.map { [$0] } ?? [])
        let activation = PolicyVariables.unnamed(request, identity, mentions)
        var forecast = AccessForecast.uncertain
        var isUncertain = false
        for case (let scope, let policy?) in policies {
            forecast = policy.forecast(activation, scope: scope, unbound: request.action.contentVariables)
            if forecast.isNeverAllowed { return forecast }
            isUncertain = isUncertain || forecast == .uncertain
        }
        return isUncertain ? .uncertain : forecast
    }

    /// Whether the action is allowed in every repository there is or could be, whatever its name, tags and digests. What it
    /// cannot be sure of it denies.
    public func allowsEverywhere(_ action: AccessAction, for identity: Identity) -> Bool {
        let activation = PolicyVariables.nameless(AccessRequest(action), identity, mentions)
        let all = repositories.map { (PolicyScope.repository($0), $1) } + (global.map { [(.global, $0)] } ?? [])
        // Where no policy speaks the fallback does.
        let elsewhere = global != nil || decide(AccessRequest(action), for: identity).isAllowed
        return elsewhere
            && all.allSatisfy {
                $1.forecast(activation, scope: $0, unbound: PolicyVariables.ofOneRepository).isAlwaysAllowed
            }
    }
}

extension AccessPolicy {
    /// - Parameter unbound: What stands in the names of variables that are not bound.
    fileprivate func forecast(_ activation: Activation, scope: PolicyScope, unbound: [String]) -> AccessForecast {
        var isUncertain = false
        var mayFail = false
        for (index, rule) in rules.enumerated() {
            switch rule.evaluate(activation) {
            case .doesNotApply: continue
            case .applies:
                // An uncertain rule before it would have said the same, or have denied by failing.
                guard defaultAllow || !mayFail else { return .uncertain }
                return .certain(Decision(isAllowed: !defaultAllow, .rule(scope, index: index, text: rule.text)))
            case .failed where unbound.contains(where: rule.text.contains):
                isUncertain = true
                mayFail = mayFail || !rule.condition.isTotal
            case .failed(let reason):
                // Only a rule that allows could have come before it.
                guard defaultAllow || !isUncertain else { return .uncertain }
                return .certain(
                    Decision(isAllowed: false, .failedRule(scope, index: index, text: rule.text, reason: reason)))
            }
        }
        return isUncertain ? .uncertain : .certain(Decision(isAllowed: defaultAllow, .defaultOf(scope)))
    }
}

extension AccessAction {
    /// Whether its requests name a manifest, by tag or digest.
    var namesManifest: Bool { [.getManifest, .putManifest, .deleteManifest].contains(self) }

    /// Whether its requests name content by its digest.
    var namesDigest: Bool {
        namesManifest
            || [.getBlob, .deleteBlob, .getReferrers, .startUpload, .completeUpload].contains(self)
    }

    /// The variables by which its requests name content.
    fileprivate var contentVariables: [String] {
        namesManifest ? ["tag", "reference", "digest"] : namesDigest ? ["digest"] : []
    }
}
