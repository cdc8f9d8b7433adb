internal import Coordination
internal import FoundationEssentials
public import ServiceLifecycle
internal import Threads
public import Upstream

/// Tells the other replicas what upstreams said of their limits, and takes on what they were told: a limit that one has run
/// into is kept by all.
public struct BudgetExchange: Service {
    private static let interval: Duration = .seconds(1)
    /// Where there is nobody to tell, until a reload may have named somebody.
    private static let idleInterval: Duration = .seconds(10)
    private static let life: Duration = .seconds(3600)

    private let replica: Replica
    private let budgets: RateBudgets
    private let now: @Sendable () -> Int64

    /// - Parameter now: Seconds since 1970.
    public init(_ replica: Replica, _ budgets: RateBudgets, now: @escaping @Sendable () -> Int64) {
        self.replica = replica
        self.budgets = budgets
        self.now = now
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var told: [String: RateState] = [:]
            while !Task.isCancelled {
                let isShared = replica.values.isConfigured
                if isShared {
                    for (name, budget) in budgets.all { told[name] = await exchange(name, budget, told[name]) }
                }
                // Cancelled: the loop ends.
                try? await Beat.next(isShared ? Self.interval : Self.idleInterval)
            }
        }
    }

    /// - Parameter told: What the others know of this replica's own.
    /// - Returns: What they know now.
    func exchange(_ name: String, _ budget: RateBudget, _ told: RateState?) async -> RateState? {
        let key = CoordinationKey(.budget, name)
        let own = budget.state
        let other = ((try? await replica.values.value(key)) ?? nil)
            .flatMap { try? JSONDecoder().decode(RateState.self, from: Data($0)) }
        if let other, other.time > own?.time ?? .min {
            budget.take(other, now: now())
            return other
        }
        guard let own, own != told, own != other, let bytes = try? JSONEncoder().encode(own) else { return told }
        guard (try? await replica.values.store(Array(bytes), key, life: Self.life, .always)) == true else {
            return told
        }
        return own
    }
}
