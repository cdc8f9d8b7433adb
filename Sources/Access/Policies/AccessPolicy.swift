internal import CEL

/// Rules in order, and what holds where none of them speaks. The first rule that is true turns the default around; a
/// rule that fails denies.
public struct AccessPolicy: Sendable, Equatable {
    /// If true, rules name what is denied; if false, what is allowed.
    public let defaultAllow: Bool
    public let rules: [AccessRule]

    public init(defaultAllow: Bool = false, rules: [AccessRule] = []) {
        self.defaultAllow = defaultAllow
        self.rules = rules
    }

    /// Whether it may decide differently on two tags of a repository.
    var looksAtTags: Bool {
        rules.contains { $0.text.contains("tag") || $0.text.contains("reference") }
    }

    func decide(_ activation: Activation, scope: PolicyScope) -> Decision {
        for (index, rule) in rules.enumerated() {
            switch rule.evaluate(activation) {
            case .doesNotApply: continue
            case .applies: return Decision(isAllowed: !defaultAllow, .rule(scope, index: index, text: rule.text))
            case .failed(let reason):
                return Decision(isAllowed: false, .failedRule(scope, index: index, text: rule.text, reason: reason))
            }
        }
        return Decision(isAllowed: defaultAllow, .defaultOf(scope))
    }
}
