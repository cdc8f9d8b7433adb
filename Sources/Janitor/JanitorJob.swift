/// What runs by itself, and can be asked for.
public enum JanitorJob: String, Sendable, CaseIterable, Encodable {
    /// Takes away what came from upstreams and was not used for longest, until the rest is within its limits.
    case eviction
    /// Removes what nothing refers to, after it was left alone for a while.
    case collection
    /// Removes what no rule keeps.
    case retention
    /// Looks for damage, and puts right what can be.
    case scrub
}
