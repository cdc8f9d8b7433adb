/// What a request did that an audit wants to know, where its action does not say it: a token, or a call of the admin API.
/// A class, since few requests have one and all carry the place for it.
final class AuditedDeed: Sendable {
    /// `token`, `login`, or `admin` and the path.
    let event: String
    let actor: String?
    let fields: [(key: String, value: String)]
    /// Whom a form claims to be of. Not to be told where nobody has that name, as it may be a password that was typed too early.
    let claimed: String?

    init(
        event: String, actor: String? = nil, fields: [(key: String, value: String)] = [], claimed: String? = nil
    ) {
        self.event = event
        self.actor = actor
        self.fields = fields
        self.claimed = claimed
    }
}
