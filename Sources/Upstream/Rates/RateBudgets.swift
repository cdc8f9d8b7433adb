import NIOConcurrencyHelpers

/// The budgets of all upstreams: one for each host and account, however many repositories use it.
public final class RateBudgets: Sendable {
    private struct Key: Hashable {
        let name: String
        let account: String?
    }

    private let budgets = NIOLockedValueBox<[Key: RateBudget]>([:])

    public init() {}

    /// Of hosts and accounts that were asked about, by names that are the same in every process.
    public var all: [(name: String, budget: RateBudget)] {
        budgets.withLockedValue { $0 }.map { (name: "\($0.key.name) \($0.key.account ?? "")", budget: $0.value) }
    }

    /// - Parameter account: The user name; nil for anonymous.
    public func budget(name: String, account: String?) -> RateBudget {
        budgets.withLockedValue { budgets in
            let key = Key(name: name, account: account)
            if let budget = budgets[key] { return budget }
            let budget = RateBudget(name: name, account: account)
            budgets[key] = budget
            return budget
        }
    }
}
