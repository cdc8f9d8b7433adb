/// What a request did that an audit wants to know, where its action does not say it: a token, or a call of the admin API.
/// A class, since few requests have one and all carry the place for it.
final class AuditedDeed: Sendable {
    /// `token`, `login`, or `admin` and the path.
    let event: String
    let actor: String?
    let fields: [(key: String, value: String)]

    init(event: String, actor: String? = nil, fields: [(key: String, value: String)] = []) {
        self.event = event
        self.actor = actor
        self.fields = fields
    }
}
