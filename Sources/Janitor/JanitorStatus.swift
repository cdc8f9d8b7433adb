/// What the janitor does and did.
public struct JanitorStatus: Sendable, Encodable {
    public struct Progress: Sendable, Encodable {
        public var doneBytes: Int64
        public var totalBytes: Int64
        /// An estimate.
        public var secondsLeft: Int64?
    }

    public struct Entry: Sendable, Encodable {
        public var job: JanitorJob
        public var isRunning: Bool
        /// Seconds; nil if the job has no limits to keep, or a pause holds.
        public var nextRunSeconds: Int64?
        /// Of what runs, as far as is known.
        public var progress: Progress?
        public var last: JanitorReport?
    }

    public var isPaused: Bool
    /// Bytes that came from upstreams, as far as is known; nil before they were counted.
    public var cachedBytes: Int64?
    /// Bytes that the file system has left.
    public var freeBytes: Int64?
    public var jobs: [Entry]

    /// Short enough to be asked for all the time.
    public var withoutFindings: JanitorStatus {
        var status = self
        for index in status.jobs.indices { status.jobs[index].last?.findings = nil }
        return status
    }
}
