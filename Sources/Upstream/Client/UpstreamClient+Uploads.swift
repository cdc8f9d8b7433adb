package import CurlClient
package import OCI

extension UpstreamClient {
    /// Where an answer says that an upload goes on; nil if it does not say.
    ///
    /// - Parameters:
    ///   - source: A repository that must be readable as well.
    /// - Throws: `invalidResponse` where that is on another host: what is pushed goes to the registry that was named.
    package func uploadPlace(
        _ answer: CurlResponse, in repository: RepositoryName, readingAlso source: RepositoryName? = nil
    ) throws(UpstreamError) -> UploadPlace? {
        guard let text = answer.headers["Location"] else { return nil }
        let base = try UpstreamRequest(
            .post, repository, "blobs/uploads/", actions: "pull,push", readingAlso: source, within: endpoint)
        guard let url = base.url(at: endpoint).resolving(text) else {
            throw invalid("says that an upload goes on at an address that is none")
        }
        // Behind a proxy that ends TLS, many know neither their scheme nor their port.
        guard url.origin.host == endpoint.origin.host else {
            throw invalid("says that an upload goes on at another host, which is refused")
        }
        return UploadPlace(
            url: AbsoluteURL(origin: endpoint.origin, path: url.path, query: url.query), scope: base.scope)
    }

    /// The place with the digest that ends the upload.
    package func end(of place: UploadPlace, _ digest: Digest) -> UploadPlace {
        let query = (place.url.query.map { $0 + "&" } ?? "") + "digest=\(digest)"
        return UploadPlace(
            url: AbsoluteURL(origin: place.url.origin, path: place.url.path, query: query), scope: place.scope)
    }
}
