public import Access
internal import FoundationEssentials
public import HTTPServer
public import Janitor
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import OCI
public import Observability
public import Registry
public import Tokens
internal import Upstream

/// Steering by hand, below `/_entrepot/`, and metrics, for who shows the token or whom policy lets administer; everything else goes on
/// to the registry's own API.
public struct AdminAPI: RequestHandler {
    static let root = "/_entrepot/"

    private let next: any RequestHandler
    private let registry: Registry
    private let namespaces: Namespaces
    private let token: AdminToken?
    private let authorizer: Authorizer
    private let control: (any ServerControl)?
    private let tokens: TokenService?
    private let metrics: MetricsRegistry?
    private let janitor: JanitorAPI?
    private let readiness: Readiness?
    private let slowRequests: SlowRequests?

    /// - Parameters:
    ///   - next: What answers all other paths.
    ///   - token: Nil where only policy lets anybody in.
    ///   - control: Without it there is neither status nor reload.
    ///   - tokens: Without it there are no tokens to revoke.
    ///   - metrics: Served at `/metrics`.
    ///   - janitor: Without it there are no jobs to ask for.
    ///   - readiness: Told in full to who may see it.
    ///   - slowRequests: What took long.
    public init(
        next: any RequestHandler, registry: Registry, namespaces: Namespaces, token: AdminToken?,
        access: AccessControl, control: (any ServerControl)? = nil, tokens: TokenService? = nil,
        metrics: MetricsRegistry? = nil, janitor: Janitor? = nil, readiness: Readiness? = nil,
        slowRequests: SlowRequests? = nil, logger: Logger
    ) {
        self.next = next
        self.registry = registry
        self.namespaces = namespaces
        self.token = token
        authorizer = Authorizer(access: access, namespaces: namespaces, logger: logger)
        self.control = control
        self.tokens = tokens
        self.metrics = metrics
        self.janitor = janitor.map(JanitorAPI.init)
        self.readiness = readiness
        self.slowRequests = slowRequests
    }

    public func respond(to request: Request) async -> Response {
        if let readiness, request.path == Self.readinessPath { return await answerProbe(request, readiness) }
        let metrics = request.path == MetricsAPI.path ? metrics : nil
        guard metrics != nil || request.path.hasPrefix(Self.root) else { return await next.respond(to: request) }
        do throws(RegistryError) {
            let identity = try await admit(request)
            if let metrics { return MetricsAPI.scrape(metrics, request) }
            var response = try await answer(request, identity)
            if request.method != .GET {
                var note = RequestNote()
                note.deed = Self.deed(request, identity.map { $0.id?.value } ?? "admin token")
                response.requestNote = note
            }
            return response
        } catch {
            var response = ErrorResponse.make(error)
            if error.status == 401 {
                if token != nil { response.headers.add(name: "WWW-Authenticate", value: "Bearer") }
                for challenge in authorizer.challenges(error, request) {
                    response.headers.add(name: "WWW-Authenticate", value: challenge)
                }
            }
            var note = RequestNote()
            note.error = error
            note.deed = Self.deed(request, nil)
            response.requestNote = note
            return response
        }
    }

    private static func deed(_ request: Request, _ actor: String?) -> AuditedDeed {
        let fields = request.query.map { [(key: "query", value: String($0.prefix(1024)))] } ?? []
        return AuditedDeed(
            event: "admin \(request.path.dropFirst(root.utf8.count).prefix(64))", actor: actor, fields: fields)
    }

    private static let readinessPath = "/readyz"

    /// Whoever may not see the checks is told what everybody is told, and not turned away: probes bring what they like. That
    /// credentials were wrong is noted, as what they are worth can be read from the answer.
    private func answerProbe(_ request: Request, _ readiness: Readiness) async -> Response {
        guard request.method == .GET || request.method == .HEAD,
            request.headers.contains(name: "Authorization") || !request.clientCertificates.isEmpty
        else { return await next.respond(to: request) }
        do throws(RegistryError) {
            _ = try await admit(request)
            return DistributionAPI.readiness(readiness, showsChecks: true)
        } catch {
            var response = await next.respond(to: request)
            var note = response.requestNote ?? RequestNote()
            note.error = error
            response.requestNote = note
            return response
        }
    }

    /// Lets in who shows the token, and identities whom policy allows it.
    ///
    /// - Returns: Nil for who shows the token and may do everything.
    private func admit(_ request: Request) async throws(RegistryError) -> Identity? {
        if let token, token.isShown(by: request.headers.first(name: "Authorization")) { return nil }
        do throws(RegistryError) {
            let identity = try await authorizer.identity(of: request)
            for wanted in accessRequests(request) { try authorizer.check(wanted, identity) }
            return identity
        } catch {
            guard error.status == 403, token != nil else { throw error }
            throw RegistryError(
                .unauthorized,
                "this needs the token of admin.token_file (Authorization: Bearer ...), or an identity that may administer",
                cause: error.cause)
        }
    }

    /// What policy has to allow: for a prefix the repository of that name and every namespace below it.
    private func accessRequests(_ request: Request) -> [AccessRequest] {
        let action: AccessAction
        switch request.path.dropFirst(Self.root.utf8.count) {
        case "purge": action = .adminPurge
        case "refresh": action = .adminRefresh
        case "reload": return [AccessRequest(.adminReload)]
        case "tokens/revoke": return [AccessRequest(.adminRevoke)]
        case "janitor/run", "janitor/pause", "janitor/resume": return [AccessRequest(.adminJanitor)]
        default: return [AccessRequest(.adminStatus)]
        }
        if let repository = try? target(request).0 {
            return [AccessRequest(action, repository: repository.name, namespace: repository.namespace.key)]
        }
        guard let prefix = try? prefix(request) else { return [AccessRequest(action)] }
        let own = try? namespaces.repository(prefix)
        // Judged by the name it acts on, which is the prefix as it stands.
        return [AccessRequest(action, repository: prefix, namespace: own?.namespace.key)]
            + namespaces.all.map(\.key).filter { $0.hasPrefix(prefix) }
            .map { AccessRequest(action, repository: $0, namespace: $0) }
    }

    // Nothing here is answered so: what is at paths of its own is seldom asked for.
    public func respondAtOnce(to request: Request) -> Response? { next.respondAtOnce(to: request) }

    public func refuse(_ refusal: RequestError, requestID: String) -> Response {
        next.refuse(refusal, requestID: requestID)
    }

    public func finished(_ exchange: Exchange) {
        next.finished(exchange)
    }

    private func answer(_ request: Request, _ identity: Identity?) async throws(RegistryError) -> Response {
        let path = request.path.dropFirst(Self.root.utf8.count)
        if let control, path == "status" || path == "reload" { return try await answer(path, request.method, control) }
        if let janitor, JanitorAPI.isMeant(by: path) { return try await janitor.answer(path, request) }
        switch (path, request.method) {
        case ("upstreams", .GET):
            return try Self.json(registry.upstreamStatus(namespaces).map(UpstreamReport.init))
        case ("fills", .GET):
            return try Self.json(registry.fillsUnderWay.map(FillReport.init))
        case ("slowest", .GET):
            return try Self.json(slowRequests?.reports ?? [])
        case ("purge", .POST) where try Query(request.query)["prefix"] != nil:
            return try Self.json(
                PurgeReport(
                    try await registry.purge(
                        below: try prefix(request), namespaces, where: allowed(.adminPurge, identity))))
        case ("refresh", .POST) where try Query(request.query)["prefix"] != nil:
            let last = try Query(request.query)["after"].map(Self.tagged)
            return try Self.json(
                RefreshReport(
                    try await registry.refresh(
                        below: try prefix(request), namespaces, after: last, where: allowed(.adminRefresh, identity))))
        case ("purge", .POST):
            let (repository, reference) = try target(request)
            return try Self.json(["purged": try await registry.purge(repository, reference)])
        case ("refresh", .POST):
            let (repository, reference) = try target(request)
            guard case .tag(let tag)? = reference else {
                throw RegistryError(.unsupported, status: 400, "refresh needs reference=TAG")
            }
            let (digest, warning) = try await registry.refresh(repository, tag)
            var report = ["digest": digest.description]
            report["warning"] = warning
            return try Self.json(report)
        case ("tokens/revoke", .POST):
            return try Self.json(["revoked": try await revoke(request)])
        case ("upstreams", _), ("fills", _), ("slowest", _): throw .wrongMethod(takes: [.GET])
        case ("tokens/revoke", _), ("purge", _), ("refresh", _): throw .wrongMethod(takes: [.POST])
        default:
            throw RegistryError(.unsupported, status: 404, "there is no such path")
        }
    }

    /// Which of the repositories below a prefix the action may touch.
    private func allowed(_ action: AccessAction, _ identity: Identity?) -> (Repository) -> Bool {
        { repository in
            identity.map {
                authorizer.allows(
                    AccessRequest(action, repository: repository.name, namespace: repository.namespace.key), $0)
            } ?? true
        }
    }

    /// `user=ID`: its refresh tokens are forgotten.
    private func revoke(_ request: Request) async throws(RegistryError) -> Int {
        guard let tokens else {
            throw RegistryError(.unsupported, status: 404, "the configuration has no [token], so there are no tokens")
        }
        guard let subject = try Query(request.query)["user"].flatMap({ TokenSubject($0) }) else {
            throw RegistryError(.unsupported, status: 400, "user must be the <id> of an [identity.<id>]")
        }
        return try await tokens.revoke(subject)
    }

    /// The server as a whole.
    private func answer(
        _ path: Substring, _ method: HTTPMethod, _ control: any ServerControl
    ) async throws(RegistryError) -> Response {
        switch (path, method) {
        case ("status", .GET):
            return try Self.json(control.report)
        case ("reload", .POST):
            guard let report = await control.reload() else {
                throw RegistryError(
                    .unavailable, status: 503, "the server stops, or is being asked this too often", retryAfter: 1)
            }
            return try Self.json(report, status: report.outcome == .applied ? .ok : .unprocessableEntity)
        default:
            throw .wrongMethod(takes: [path == "status" ? .GET : .POST])
        }
    }

    /// `prefix=NAME`, with or without a slash at its end, and no `repository`.
    private func prefix(_ request: Request) throws(RegistryError) -> RepositoryName {
        let query = try Query(request.query)
        guard query["repository"] == nil, query["reference"] == nil else {
            throw RegistryError(.unsupported, status: 400, "prefix stands in the place of repository and reference")
        }
        let text = query["prefix"] ?? ""
        guard let name = RepositoryName(text.hasSuffix("/") ? String(text.dropLast()) : text) else {
            throw RegistryError(.nameInvalid, "prefix must be whole components of a repository's name")
        }
        return name
    }

    private static func tagged(_ text: String) throws(RegistryError) -> (repository: RepositoryName, tag: Tag) {
        guard let colon = text.lastIndex(of: ":"), let name = RepositoryName(String(text[..<colon])),
            let tag = Tag(String(text[text.index(after: colon)...]))
        else { throw RegistryError(.unsupported, status: 400, "after must be REPOSITORY:TAG") }
        return (name, tag)
    }

    /// `repository=NAME`, as clients call it, and maybe `reference=TAG-OR-DIGEST`.
    private func target(_ request: Request) throws(RegistryError) -> (Repository, Reference?) {
        let query = try Query(request.query)
        guard let text = query["repository"], let name = RepositoryName(text) else {
            throw RegistryError(.nameInvalid, "repository must be a repository's name")
        }
        guard let text = query["reference"] else { return (try namespaces.repository(name), nil) }
        guard let reference = Reference(text) else {
            throw RegistryError(.manifestInvalid, "reference must be a tag or a digest")
        }
        return (try namespaces.repository(name), reference)
    }

    static func json(
        _ value: some Encodable, status: HTTPResponseStatus = .ok
    ) throws(RegistryError) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            throw RegistryError(.unknown, "the answer cannot be written as JSON")
        }
        return Response(
            status: status, headers: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: .bytes(ByteBuffer(bytes: Array(data) + [UInt8(ascii: "\n")])))
    }
}
