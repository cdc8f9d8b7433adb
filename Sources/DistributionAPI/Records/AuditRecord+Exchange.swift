internal import Access
internal import Events
internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Observability

extension AuditRecord {
    /// What an exchange did; nil for what only read.
    init?(_ exchange: Exchange, _ note: RequestNote) {
        let status = exchange.status.code
        // A probe that shows bad credentials is answered all the same.
        let isDenied = [401, 403, 429].contains(status) || status < 400 && note.error != nil
        let outcome: Outcome = isDenied ? .denied : status < 400 ? .done : .failed
        guard let event = Self.event(exchange, note, outcome) else { return nil }
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
        fields.append((key: "status", value: "\(status)"))
        if let error = note.error { fields.append((key: "error", value: "\(error)")) }
        self.init(
            event, outcome, actor: note.deed?.actor ?? note.identity?.id?.value,
            client: exchange.clientAddress?.ipAddress, requestID: exchange.requestID, fields: fields)
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
