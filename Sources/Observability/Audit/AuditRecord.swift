/// Who did what, and whether it was let happen.
public struct AuditRecord: Sendable {
    public enum Outcome: String, Sendable {
        case done
        /// Not allowed, or not known.
        case denied
        case failed
    }

    /// Records that are told once and then counted for a while.
    public struct Folding: Sendable {
        /// What they have in common.
        public var identity: String
        /// The same, for the record that tells how many there were.
        public var event: String
        public var fields: [(key: String, value: String)]

        public init(identity: String, event: String, fields: [(key: String, value: String)]) {
            self.identity = identity
            self.event = event
            self.fields = fields
        }
    }

    /// What was done: `push`, `delete`, `mount`, `login`, `token`, `reload`, or `admin` and the path.
    public var event: String
    public var outcome: Outcome
    /// Nil for who is not known.
    public var actor: String?
    public var client: String?
    public var requestID: String?
    /// What it was done to, in the order in which it is written.
    public var fields: [(key: String, value: String)]
    /// Nil if each is written.
    public var folding: Folding?

    public init(
        _ event: String, _ outcome: Outcome, actor: String? = nil, client: String? = nil, requestID: String? = nil,
        fields: [(key: String, value: String)] = [], folding: Folding? = nil
    ) {
        self.event = event
        self.outcome = outcome
        self.actor = actor
        self.client = client
        self.requestID = requestID
        self.fields = fields
        self.folding = folding
    }

    /// The record of those that came after this one, as a line.
    ///
    /// - Parameter since: When this one was written.
    func summary(of count: Int, since: String) -> String {
        let times = [(key: "since", value: since), (key: "repeated", value: "\(count)")]
        return AuditRecord(
            folding?.event ?? event, outcome, actor: actor, client: client, fields: (folding?.fields ?? []) + times
        ).line
    }

    /// One JSON object with its end.
    var line: String {
        var line = "{\"time\":\"\(LogFormat.timestamp())\""
        let known = [
            ("event", event), ("outcome", outcome.rawValue), ("actor", actor), ("client", client),
            ("request_id", requestID),
        ]
        for (key, value) in known.compactMap({ key, value in value.map { (key, $0) } }) + fields {
            line += ",\"\(LogFormat.escaped(key))\":\"\(LogFormat.escaped(value))\""
        }
        return line + "}\n"
    }
}
