public import Access
public import Events
public import HTTPServer
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import OCI
public import Observability
public import Registry

/// The endpoints of the distribution specification: a request parsed into an ``Action``, the action carried out by the
/// ``Registry``, and what it serves told in the specification's words.
public struct DistributionAPI: RequestHandler {
    let registry: Registry
    let namespaces: Namespaces
    let readiness: Readiness
    let authorizer: Authorizer
    let redirects: BlobRedirects
    let logger: Logger
    let metrics: RequestMetrics
    private let paths = KnownPaths()
    let accessLog: AccessLog
    let limits: ClientLimits?
    let notifications: Notifications?
    let audit: AuditLog?
    let slowRequests: SlowRequests?
    /// Whether anybody wants to know what becomes of content.
    private let isTelling: Bool

    /// - Parameters:
    ///   - access: Who may do what.
    ///   - redirects: Who is sent to the store itself.
    ///   - accessLog: Of requests; nil for one that goes where all else does.
    ///   - limits: What each identity may ask for; nil for as much as it likes.
    ///   - notifications: Whom events are told.
    ///   - audit: Where it is kept who did what.
    ///   - slowRequests: Where it is kept what took long.
    public init(
        registry: Registry, namespaces: Namespaces, readiness: Readiness, access: AccessControl,
        redirects: BlobRedirects = .none, logger: Logger, accessLog: AccessLog? = nil,
        limits: ClientLimits? = nil, notifications: Notifications? = nil, audit: AuditLog? = nil,
        slowRequests: SlowRequests? = nil
    ) {
        self.registry = registry
        self.namespaces = namespaces
        self.readiness = readiness
        authorizer = Authorizer(access: access, namespaces: namespaces, logger: logger)
        self.redirects = redirects
        self.logger = logger
        self.limits = limits
        self.notifications = notifications
        self.audit = audit
        self.slowRequests = slowRequests
        isTelling = notifications != nil || audit != nil
        self.accessLog = accessLog ?? AccessLog(logger)
        metrics = RequestMetrics(namespaces: namespaces.all.map(\.key))
    }

    public func respond(to request: Request) async -> Response {
        var note = RequestNote()
        do throws(RegistryError) {
            let action: Action
            if request.method == .GET, let known = meaning(of: request.path) {
                action = known.action
            } else {
                action = try RouteParser.action(request.method, request.path)
            }
            note.action = action
            let identity = try await authorizer.admit(action, request)
            if identity.isKnown { note.identity = identity }
            if let limits, let id = identity.id, let seconds = limits.admit(.identity(id)) {
                throw RegistryError.overLimit("identity", seconds)
            }
            var response = try await answer(action, identity, request, &note)
            note.cache = response.headers.first(name: "Cache-Status")
            if isTelling { await tell(action, request, response, &note) }
            response.requestNote = note
            return response
        } catch {
            note.error = error
            var response = ErrorResponse.make(error)
            for challenge in authorizer.challenges(error, request) {
                response.headers.add(name: "WWW-Authenticate", value: challenge)
            }
            response.requestNote = note
            return response
        }
    }

    public func respondAtOnce(to request: Request) -> Response? {
        guard request.method == .GET, request.query == nil, let meaning = meaning(of: request.path),
            authorizer.isOpenToAnybody(meaning.action, request), var response = contentAtOnce(meaning, request)
        else { return nil }
        var note = RequestNote()
        note.action = meaning.action
        note.cache = response.headers.first(name: "Cache-Status")
        note.namespace = meaning.repository?.namespace.key
        if isTelling, let repository = meaning.repository?.name {
            note.repository = repository
            note.event = RegistryEvent(meaning.action, repository, actor: nil, request, response)
        }
        response.requestNote = note
        return response
    }

    /// What a GET is about; nil if it is malformed.
    private func meaning(of path: String) -> KnownPaths.Meaning? {
        if let known = paths.meaning(of: path) { return known }
        guard let action = try? RouteParser.action(.GET, path) else { return nil }
        let meaning = KnownPaths.Meaning(
            action: action, repository: action.repository.flatMap { try? namespaces.repository($0) })
        paths.insert(meaning, of: path)
        return meaning
    }

    public func refuse(_ refusal: RequestError, requestID: String) -> Response {
        let error =
            switch refusal {
            case .tooManyRequests:
                RegistryError(
                    .tooManyRequests, status: 503, "the server answers as many requests as it may; try again",
                    retryAfter: 1)
            default:
                RegistryError(.unsupported, status: Int(refusal.status.code), refusal.explanation)
            }
        return ErrorResponse.make(error)
    }

    /// What changed is on its way to those who want to know before the client hears of it.
    private func tell(_ action: Action, _ request: Request, _ response: Response, _ note: inout RequestNote) async {
        guard let repository = note.repository else { return }
        let events = RegistryEvent.events(
            action, repository, actor: note.identity?.id?.value, request, response)
        note.event = events.first
        for event in events where event.action != .pull { await notifications?.record(event) }
    }

    private func answer(
        _ action: Action, _ identity: Identity, _ request: Request, _ note: inout RequestNote
    ) async throws(RegistryError) -> Response {
        switch action {
        case .health:
            return Self.json("{}")
        case .readiness:
            return Self.readiness(readiness, showsChecks: false)
        case .startup:
            return Self.json("{}", status: readiness.isStarted ? .ok : .serviceUnavailable)
        case .getAPIVersion:
            return Self.json("{}")
        case .getBlob(let name, let digest):
            return try await blob(try repository(name, request, &note), digest, request)
        case .getManifest(let name, let reference):
            return try await manifest(try repository(name, request, &note), reference, request)
        case .listTags(let name):
            return try await tags(try repository(name, request, &note), name, identity, request)
        case .getReferrers(let name, let digest):
            return try await referrers(try repository(name, request, &note), name, digest, request)
        case .startUpload(let name):
            return try await startUpload(try writable(name, request, &note), identity, request)
        case .updateUpload(let name, let id):
            return try await updateUpload(try writable(name, request, &note), try own(id, identity), request)
        case .completeUpload(let name, let id):
            return try await completeUpload(try writable(name, request, &note), try own(id, identity), request)
        case .getUpload(let name, let id):
            return try await uploadStatus(try writable(name, request, &note), try own(id, identity))
        case .cancelUpload(let name, let id):
            return try await cancelUpload(try writable(name, request, &note), try own(id, identity))
        case .putManifest(let name, let reference):
            return try await putManifest(try writable(name, request, &note), name, reference, identity, request)
        case .deleteManifest(let name, let reference):
            return try await deleteManifest(try writable(name, request, &note), reference)
        case .deleteBlob(let name, let digest):
            return try await deleteBlob(try writable(name, request, &note), digest)
        case .listCatalog:
            return try await catalog(identity, request)
        }
    }

    private func repository(
        _ name: RepositoryName, _ request: Request, _ note: inout RequestNote
    ) throws(RegistryError) -> Repository {
        let repository = try namespaces.repository(name, request)
        note.namespace = repository.namespace.key
        if isTelling { note.repository = repository.name }
        return repository
    }

    /// The repository meant, if it takes writes at all.
    private func writable(
        _ name: RepositoryName, _ request: Request, _ note: inout RequestNote
    ) throws(RegistryError) -> Repository {
        let repository = try repository(name, request, &note)
        do throws(RegistryError) {
            try repository.checkWritable()
        } catch {
            var error = error
            // It may be refused with another status.
            if error.status == 405 {
                error.allowedMethods = try RouteParser.route(request.path).readingMethods.map(\.rawValue)
            }
            throw error
        }
        return repository
    }

    /// The answer of `/readyz`.
    static func readiness(_ readiness: Readiness, showsChecks: Bool) -> Response {
        let (isReady, text) = readiness.answer(showsChecks: showsChecks)
        return json(text, status: isReady ? .ok : .serviceUnavailable)
    }

    static func json(_ text: String, status: HTTPResponseStatus = .ok) -> Response {
        Response(
            status: status,
            headers: ["Content-Type": "application/json", "Docker-Distribution-Api-Version": "registry/2.0"],
            body: .bytes(ByteBuffer(string: text)))
    }

    /// Fields that every answer with content has. A list, which is made into headers when it is whole: headers look at
    /// each name that is added.
    static func fields<Content>(_ served: Served<Content>, _ request: Request) -> [(String, String)] {
        var fields: [(String, String)] = []
        fields.reserveCapacity(8)
        fields.append(("Docker-Distribution-Api-Version", "registry/2.0"))
        fields.append(("Cache-Status", served.status.field))
        if let age = served.age { fields.append(("Age", String(age))) }
        if let warning = served.warning { fields.append(("Warning", warningField(warning))) }
        if request.query != nil, let host = (try? Query(request.query))?["ns"],
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        {
            fields.append(("OCI-Namespace", host))
        }
        return fields
    }

    /// `299 - "text"`, at most 4096 bytes ("Warnings").
    private static func warningField(_ text: String) -> String {
        let safe = text.unicodeScalars.prefix(1000).map { scalar -> Character in
            (0x20...0x7E).contains(scalar.value) && scalar != "\"" && scalar != "\\" ? Character(scalar) : "'"
        }
        return "299 - \"\(String(safe))\""
    }
}

extension RequestError {
    /// For the client.
    var explanation: String {
        switch self {
        case .tooManyRequests: "the server answers as many requests as it may"
        case .headersTooLarge: "the request's header is larger than server.max_header_size"
        case .malformedRequest(let how): "the request breaks HTTP: \(how)"
        case .unsupportedVersion: "only HTTP/1.1 and HTTP/1.0 are spoken here"
        case .unsupportedTransferCoding: "only the transfer coding chunked is supported"
        case .headTimeout: "the request's header did not arrive in time"
        }
    }
}
