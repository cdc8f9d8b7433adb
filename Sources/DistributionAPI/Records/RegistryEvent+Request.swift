internal import Events
internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Observability

/// Within the event these words mean its own.
typealias RegistryAction = Action
typealias ClientRequest = Request

extension RegistryEvent {
    /// What an answer means for content, in the order in which it is told. Of a manifest that is pushed by its digest with tags it
    /// is one event for each tag, as if each had been pushed alone.
    static func events(
        _ action: RegistryAction, _ repository: RepositoryName, actor: String?, _ request: ClientRequest,
        _ response: Response
    ) -> [RegistryEvent] {
        let tags = response.headers.first(name: "OCI-Tag")?.split(separator: ",").map { $0.drop { $0 == " " } } ?? []
        guard !tags.isEmpty else {
            return RegistryEvent(action, repository, actor: actor, request, response).map { [$0] } ?? []
        }
        return tags.compactMap {
            RegistryEvent(action, repository, actor: actor, request, response, tag: String($0))
        }
    }

    /// What an answer means for content; nil where it means nothing that anybody is told.
    ///
    /// - Parameters:
    ///   - repository: As it is stored.
    ///   - actor: Who asked, as far as that is known.
    ///   - tag: That was moved, where the path does not name it.
    init?(
        _ action: RegistryAction, _ repository: RepositoryName, actor: String?, _ request: ClientRequest,
        _ response: Response, tag: String? = nil
    ) {
        let status = response.status.code
        guard (200..<400).contains(status), status != 304, let what = Self.action(action, request, status) else {
            return nil
        }
        let digest =
            response.headers.first(name: "Docker-Content-Digest") ?? action.digest?.description
            ?? Self.digest(action.reference)
        var tag = tag
        if case .tag(let named)? = action.reference { tag = named.value }
        let isManifest = action.isOfManifest
        self.init(
            time: LogFormat.timestamp(), action: what, repository: repository.value, digest: digest, tag: tag,
            mediaType: what == .delete ? nil : Self.mediaType(action, request, response),
            size: Self.size(action, request, response), source: what == .mount ? Self.query("from", request) : nil,
            request: RegistryEvent.Request(
                id: request.id, client: request.clientAddress?.ipAddress, host: request.headers.first(name: "Host"),
                scheme: request.isSecure ? "https" : "http", method: "\(request.method)",
                userAgent: request.headers.first(name: "User-Agent"),
                path: digest.map { "/v2/\(repository)/\(isManifest ? "manifests" : "blobs")/\($0)" }),
            actor: actor)
    }

    private static func action(_ action: RegistryAction, _ request: ClientRequest, _ status: UInt) -> Action? {
        switch action {
        case .getManifest, .getBlob: request.method == .GET ? .pull : nil
        case .putManifest, .completeUpload: .push
        // A session that was begun is nothing yet.
        case .startUpload where status == 201: query("mount", request) == nil ? .push : .mount
        case .deleteManifest, .deleteBlob: .delete
        default: nil
        }
    }

    private static func digest(_ reference: Reference?) -> String? {
        if case .digest(let digest)? = reference { return digest.description }
        return nil
    }

    private static func mediaType(
        _ action: RegistryAction, _ request: ClientRequest, _ response: Response
    ) -> String? {
        switch action {
        case .putManifest: request.headers.first(name: "Content-Type")
        case .getManifest: response.headers.first(name: "Content-Type")
        default: MediaType.octetStream.value
        }
    }

    private static func size(_ action: RegistryAction, _ request: ClientRequest, _ response: Response) -> Int64? {
        switch action {
        case .putManifest: request.body.length
        case .startUpload: request.body.length.flatMap { $0 > 0 ? $0 : nil }
        case .getManifest, .getBlob: response.body.length
        default: nil
        }
    }

    private static func query(_ name: String, _ request: ClientRequest) -> String? {
        guard request.query != nil else { return nil }
        return (try? Query(request.query))?[name]
    }
}

extension Action {
    fileprivate var isOfManifest: Bool {
        switch self {
        case .getManifest, .putManifest, .deleteManifest: true
        default: false
        }
    }
}
