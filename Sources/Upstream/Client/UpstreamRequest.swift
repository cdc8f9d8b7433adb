import CurlClient
import OCI

/// One question to an upstream, before it is known how to authenticate and where it leads.
struct UpstreamRequest: Sendable {
    let method: CurlRequest.Method
    let path: String
    var query: String?
    var headers: CurlHeaders
    /// Statuses that the asker understands; all others become errors.
    var accepted: Set<Int> = [200]
    /// The answer is read as a whole, so that it may have a time limit as a whole.
    var isWhole = true
    /// What a token must allow: reading this one repository.
    let scope: String
    /// Whose limit it counts for.
    let family: RateBudget.Family

    /// - Parameter what: The path behind the repository's name.
    init(
        _ method: CurlRequest.Method, _ repository: RepositoryName, _ what: String, headers: CurlHeaders = [:],
        within endpoint: UpstreamEndpoint
    ) throws(UpstreamError) {
        var remote = repository
        if let prefix = endpoint.prefix {
            guard let prefixed = repository.prefixed(by: prefix) else {
                throw UpstreamError(.notFound, "\(endpoint.name) cannot have a repository of such a long name")
            }
            remote = prefixed
        }
        self.method = method
        path = "/v2/\(remote)/\(what)"
        self.headers = headers
        family = what.hasPrefix("blobs/") ? .blobs : .manifests
        scope = "repository:\(remote):pull"
    }

    func url(at endpoint: UpstreamEndpoint) -> AbsoluteURL {
        AbsoluteURL(origin: endpoint.origin, path: path, query: query)
    }
}
