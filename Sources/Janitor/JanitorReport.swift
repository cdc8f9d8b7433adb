/// What a round of a job did.
public struct JanitorReport: Sendable, Encodable {
    public enum Cause: String, Sendable, Encodable {
        case schedule, command
        /// A limit was reached.
        case pressure
    }

    public enum Outcome: String, Sendable, Encodable {
        case done
        /// Ended by an error, or by some that were passed over; what was done stays done.
        case failed
        /// Another replica does it, or did it a moment ago, or nobody could be asked which one does.
        case elsewhere
        /// The server stops.
        case interrupted
    }

    public var job: JanitorJob
    /// Of the last round that was asked for, up to this one.
    public var number: Int64
    public var cause: Cause
    public var outcome: Outcome = .done
    /// RFC 3339.
    public var started: String
    public var seconds: Double = 0
    public var error: String?
    /// Names of numbers, and the numbers: what was looked at and what was done.
    public var counts: [String: Int64] = [:]

    /// Of ``JanitorJob/scrub``: what was found.
    public var findings: [ScrubFinding]?

    init(job: JanitorJob, cause: Cause, number: Int64, started: String) {
        self.job = job
        self.cause = cause
        self.number = number
        self.started = started
    }
}
