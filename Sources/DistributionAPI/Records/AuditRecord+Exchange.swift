internal import Access
internal import Events
internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Observability

extension AuditRecord {
    /// What an exchange did; nil for what only read.
    ///
    /// - Parameter users: Whose names may be told before they have proved that they are who they say.
    init?(_ exchange: Exchange, _ note: RequestNote, _ users: Users) {
        let status = exchange.status.code
        // A probe that shows bad credentials is answered all the same.
        let isDenied = [401, 403, 429].contains(status) || status < 400 && note.error != nil
        let outcome: Outcome = isDenied ? .denied : status < 400 ? .done : .failed
        guard let event = Self.event(exchange, note, outcome) else { return nil }
        let actor = note.deed?.actor ?? note.identity?.id?.value
        var common = [(key: "status", value: "\(status)")]
        if event == "login", let name = Self.claimed(exchange, note), users[name] != nil {
            common.append((key: "username", value: name.value))
        }
        if let error = note.error { common.append((key: "error", value: "\(error)")) }
        var fields = note.deed?.fields ?? []
        if let repository = note.repository ?? note.action?.repository {
            fields.append((key: "repository", value: repository.value))
        }
        if let reference = note.action?.reference { fields.append((key: "reference", value: "\(reference)")) }
        let tags = Self.tags(exchange, note)
        if !tags.isEmpty { fields.append((key: "tags", value: tags.map(\.value).joined(separator: ","))) }
        if let digest = note.action?.digest ?? note.event?.digest.flatMap({ Digest($0) }) {
            fields.append((key: "digest", value: "\(digest)"))
        }
        self.init(
            event, outcome, actor: actor, client: exchange.clientAddress?.ipAddress, requestID: exchange.requestID,
            fields: fields + common,
            folding: Self.folding(event, outcome, actor, exchange, note, common))
    }

    /// What anybody can do again and again, and changes nothing: what was refused, and tokens for nobody.
    private static func folding(
        _ event: String, _ outcome: Outcome, _ actor: String?, _ exchange: Exchange, _ note: RequestNote,
        _ common: [(key: String, value: String)]
    ) -> Folding? {
        guard outcome != .done || (actor == nil && event == "token") else { return nil }
        var common = common
        var event = event
        if actor == nil {
            // A stranger chooses the rest.
            event = String(event.prefix { $0 != " " })
        } else if let repository = note.repository ?? note.action?.repository {
            common.append((key: "repository", value: repository.value))
        }
        let party = exchange.clientAddress.flatMap { ClientAddress($0)?.party.description }
        let told = common.filter { $0.key != "error" }.map(\.value)
        let cause = (note.error?.cause as? AccessDenialError)?.kind
        let parts = [event, outcome.rawValue, actor, party, note.error?.code.rawValue, cause].map { $0 ?? "" }
        return Folding(identity: (parts + told).joined(separator: "\n"), event: event, fields: common)
    }

    /// Whom a request claims to be of.
    private static func claimed(_ exchange: Exchange, _ note: RequestNote) -> Username? {
        if let name = note.deed?.claimed { return Username(name) }
        guard let field = exchange.request?.headers.first(name: "Authorization"),
            case .basic(let credentials)? = try? Credentials(field)
        else { return nil }
        return credentials.username
    }

    /// Those that a manifest is pushed with by its digest, whether or not it may.
    private static func tags(_ exchange: Exchange, _ note: RequestNote) -> [Tag] {
        guard case .putManifest? = note.action, case .digest? = note.action?.reference, let request = exchange.request,
            let query = try? Query(request.query)
        else { return [] }
        return query.all("tag").prefix(DistributionAPI.mostTags).compactMap { Tag($0) }
    }

    private static func event(_ exchange: Exchange, _ note: RequestNote, _ outcome: Outcome) -> String? {
        if case .credentials(let error)? = note.error?.cause as? AccessDenialError, error.isFailedLogin {
            return "login"
        }
        if let deed = note.deed { return deed.event }
        // Everybody is asked for credentials once, before showing them.
        if outcome == .denied, exchange.request?.headers.contains(name: "Authorization") != true,
            exchange.status == .unauthorized
        {
            return nil
        }
        switch note.action {
        case .putManifest, .completeUpload: return "push"
        case .startUpload where exchange.status == .created:
            return note.event?.action == .mount ? "mount" : "push"
        case .startUpload where outcome == .denied: return "push"
        case .deleteManifest, .deleteBlob: return "delete"
        default: return nil
        }
    }
}

extension CredentialError {
    /// Whether credentials were looked at and are not good.
    fileprivate var isFailedLogin: Bool {
        switch self {
        case .wrong, .invalidToken, .slowed: true
        case .malformed, .busy: false
        }
    }
}

extension AccessDenialError {
    /// Without what differs from time to time.
    fileprivate var kind: String {
        if case .credentials(.slowed) = self { return "slowed" }
        return description
    }
}
