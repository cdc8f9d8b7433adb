public import Access
public import HTTPServer
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import OCI
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

    /// - Parameters:
    ///   - access: Who may do what.
    ///   - redirects: Who is sent to the store itself.
    public init(
        registry: Registry, namespaces: Namespaces, readiness: Readiness, access: AccessControl,
        redirects: BlobRedirects = .none, logger: Logger
    ) {
        self.registry = registry
        self.namespaces = namespaces
        self.readiness = readiness
        authorizer = Authorizer(access: access, namespaces: namespaces, logger: logger)
        self.redirects = redirects
        self.logger = logger
        metrics = RequestMetrics()
    }

    public func respond(to request: Request) async -> Response {
        var note = RequestNote()
        do throws(RegistryError) {
            let action = try RouteParser.action(request.method, request.path)
            note.action = action
            let identity = try await authorizer.admit(action, request)
            if identity.isKnown { note.identity = identity }
            var response = try await answer(action, identity, request)
            note.cache = response.headers.first(name: "Cache-Status")
            response.note = note
            return response
        } catch {
            note.error = error
            var response = ErrorResponse.make(error)
            for challenge in authorizer.challenges(error, request) {
                response.headers.add(name: "WWW-Authenticate", value: challenge)
            }
            response.note = note
            return response
        }
    }

    public func respondAtOnce(to request: Request) -> Response? {
        guard request.method == .GET, request.query == nil, let meaning = meaning(of: request.path),
            authorizer.isOpenToAnybody(meaning.action, request), var response = contentAtOnce(meaning, request)
        else { return nil }
        response.note = RequestNote(action: meaning.action, cache: response.headers.first(name: "Cache-Status"))
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

    public func refuse(_ refusal: Refusal, requestID: String) -> Response {
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

    private func answer(
        _ action: Action, _ identity: Identity, _ request: Request
    ) async throws(RegistryError) -> Response {
        switch action {
        case .health:
            return Self.json("{}")
        case .readiness:
            return Self.json(readiness.json, status: readiness.isReady ? .ok : .serviceUnavailable)
        case .getAPIVersion:
            return Self.json("{}")
        case .getBlob(let name, let digest):
            return try await blob(try repository(name, request), digest, request)
        case .getManifest(let name, let reference):
            return try await manifest(try repository(name, request), reference, request)
        case .listTags(let name):
            return try await tags(try repository(name, request), name, identity, request)
        case .getReferrers(let name, let digest):
            return try await referrers(try repository(name, request), name, digest, request)
        case .startUpload(let name):
            return try await startUpload(try writable(name, request), identity, request)
        case .updateUpload(let name, let id):
            return try await updateUpload(try writable(name, request), try own(id, identity), request)
        case .completeUpload(let name, let id):
            return try await completeUpload(try writable(name, request), try own(id, identity), request)
        case .getUpload(let name, let id):
            return try await uploadStatus(try writable(name, request), try own(id, identity))
        case .cancelUpload(let name, let id):
            return try await cancelUpload(try writable(name, request), try own(id, identity))
        case .putManifest(let name, let reference):
            return try await putManifest(try writable(name, request), name, reference, identity, request)
        case .deleteManifest(let name, let reference):
            return try await deleteManifest(try writable(name, request), reference)
        case .deleteBlob(let name, let digest):
            return try await deleteBlob(try writable(name, request), digest)
        case .listCatalog:
            return try await catalog(identity, request)
        }
    }

    private func repository(_ name: RepositoryName, _ request: Request) throws(RegistryError) -> Repository {
        try namespaces.repository(name, request)
    }

    /// The repository meant, if it takes writes at all.
    private func writable(_ name: RepositoryName, _ request: Request) throws(RegistryError) -> Repository {
        let repository = try repository(name, request)
        try repository.checkWritable()
        return repository
    }

    static func json(_ text: String, status: HTTPResponseStatus = .ok) -> Response {
        Response(
            status: status,
            headers: ["Content-Type": "application/json", "Docker-Distribution-Api-Version": "registry/2.0"],
            body: .bytes(ByteBuffer(string: text)))
    }

    /// Headers that every answer with content has.
    static func headers<Content>(_ served: Served<Content>, _ request: Request) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.reserveCapacity(16)
        headers.add(name: "Docker-Distribution-Api-Version", value: "registry/2.0")
        headers.add(name: "Cache-Status", value: served.status.field)
        if let age = served.age { headers.add(name: "Age", value: String(age)) }
        if let warning = served.warning { headers.add(name: "Warning", value: warningField(warning)) }
        if request.query != nil, let host = (try? Query(request.query))?["ns"],
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        {
            headers.add(name: "OCI-Namespace", value: host)
        }
        return headers
    }

    /// `299 - "text"`, at most 4096 bytes ("Warnings").
    private static func warningField(_ text: String) -> String {
        let safe = text.unicodeScalars.prefix(1000).map { scalar -> Character in
            (0x20...0x7E).contains(scalar.value) && scalar != "\"" && scalar != "\\" ? Character(scalar) : "'"
        }
        return "299 - \"\(String(safe))\""
    }
}

extension Refusal {
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
