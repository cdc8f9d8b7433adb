import CurlClient
import Logging
import Upstream

/// What lives as long as the process of all that concerns upstreams: connections, and what they have issued, said and
/// may be used for. Keyed by upstream and account, so that it outlives every configuration.
struct LongLivedUpstreamParts: Sendable {
    let curl = CurlClient()
    var tokens = TokenCache()
    let budgets = RateBudgets()
    let gates = UpstreamGates()
    /// Shared with those who push.
    let manifestRoom: ByteBudget
    let logger: Logger
}
