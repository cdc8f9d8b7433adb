package import CurlClient
package import NIOCore
package import OCI

/// One question to an upstream, before it is known how to authenticate and where it leads.
package struct UpstreamRequest: Sendable {
    /// What is sent with it.
    package struct Body: Sendable {
        private enum Content: Sendable {
            case bytes(ByteBuffer)
            case file(CurlFileBody)
        }

        private let content: Content
        /// Bytes a second, on average; nil for any number.
        package var rate: Int?
        /// Whether the same may be sent again after it arrived in part.
        package var isRepeatable = true
        /// Only for the host that it was meant for.
        package var isSecret = false

        package static func bytes(_ bytes: ByteBuffer) -> Body { Body(content: .bytes(bytes)) }
        package static func file(_ file: CurlFileBody) -> Body { Body(content: .file(file)) }

        func put(into request: inout CurlRequest) {
            switch content {
            case .bytes(let bytes): request.body = bytes
            case .file(let file): request.file = file
            }
            request.settings.sendRate = rate
            request.isRepeatable = isRepeatable
        }
    }

    package let method: CurlRequest.Method
    let path: String
    package var query: String?
    package var headers: CurlHeaders
    package var body: Body?
    /// Statuses that the asker understands; all others become errors.
    package var accepted: Set<Int> = [200]
    /// The answer is read as a whole, so that it may have a time limit as a whole.
    package var isWhole = true
    /// What a token must allow, as the token protocol writes it; several with spaces between them.
    let scope: String
    /// Whose limit it counts for.
    let family: RateBudget.Family

    /// - Parameters:
    ///   - what: The path behind the repository's name.
    ///   - actions: What is to be allowed there.
    ///   - source: A repository that must be readable as well.
    package init(
        _ method: CurlRequest.Method, _ repository: RepositoryName, _ what: String, headers: CurlHeaders = [:],
        actions: String = "pull", readingAlso source: RepositoryName? = nil, within endpoint: UpstreamEndpoint
    ) throws(UpstreamError) {
        let remote = try endpoint.remote(repository)
        self.method = method
        path = "/v2/\(remote)/\(what)"
        self.headers = headers
        family = what.hasPrefix("blobs/") ? .blobs : .manifests
        var scope = "repository:\(remote):\(actions)"
        if let source { scope += " repository:\(try endpoint.remote(source)):pull" }
        self.scope = scope
    }

    /// The list of all repositories.
    package init(catalogWithin endpoint: UpstreamEndpoint) {
        method = .get
        path = "/v2/_catalog"
        headers = [:]
        family = .manifests
        scope = "registry:catalog:*"
    }

    /// Goes on where an upload's answer said, which may be anywhere on the same registry.
    package init(
        _ method: CurlRequest.Method, at place: UploadPlace, headers: CurlHeaders = [:], body: Body? = nil
    ) {
        self.method = method
        path = place.url.path
        query = place.url.query
        self.headers = headers
        self.body = body
        family = .blobs
        scope = place.scope
    }

    func url(at endpoint: UpstreamEndpoint) -> AbsoluteURL {
        AbsoluteURL(origin: endpoint.origin, path: path, query: query)
    }
}

/// Where an upload goes on.
package struct UploadPlace: Sendable, Hashable {
    let url: AbsoluteURL
    let scope: String
}

extension UpstreamEndpoint {
    /// A repository as it is called there.
    package func remote(_ repository: RepositoryName) throws(UpstreamError) -> RepositoryName {
        guard let prefix else { return repository }
        guard let prefixed = repository.prefixed(by: prefix) else {
            throw UpstreamError(.notFound, "\(name) cannot have a repository of such a long name")
        }
        return prefixed
    }
}
