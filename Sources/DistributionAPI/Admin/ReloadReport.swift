/// What became of an attempt to take on a new configuration.
public struct ReloadReport: Sendable, Encodable, Equatable {
    public enum Outcome: String, Sendable, Encodable {
        case applied
        /// The configuration has problems; the one before it stays in force.
        case refused
    }

    /// When it began, RFC 3339.
    public var time: String
    /// Why it was tried.
    public var cause: String
    public var outcome: Outcome
    /// Of the configuration in force afterwards.
    public var generation: Int
    /// Empty if it was applied.
    public var problems: [String]
    /// Keys whose new values wait for a restart.
    public var restartRequired: [String]

    public init(
        time: String, cause: String, outcome: Outcome, generation: Int, problems: [String] = [],
        restartRequired: [String] = []
    ) {
        self.time = time
        self.cause = cause
        self.outcome = outcome
        self.generation = generation
        self.problems = problems
        self.restartRequired = restartRequired
    }
}
