/// Who did what, and whether it was let happen.
public struct AuditRecord: Sendable {
    public enum Outcome: String, Sendable {
        case done
        /// Not allowed, or not known.
        case denied
        case failed
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

    public init(
        _ event: String, _ outcome: Outcome, actor: String? = nil, client: String? = nil, requestID: String? = nil,
        fields: [(key: String, value: String)] = []
    ) {
        self.event = event
        self.outcome = outcome
        self.actor = actor
        self.client = client
        self.requestID = requestID
        self.fields = fields
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
