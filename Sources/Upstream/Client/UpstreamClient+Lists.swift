internal import TextEncodings
import CurlClient
import FoundationEssentials
import NIOCore
public import OCI

extension UpstreamClient {
    private static let mostReferrerPages = 50

    public func tags(
        _ repository: RepositoryName, at place: UpstreamListPlace?, limit: Int
    ) async throws(UpstreamError) -> UpstreamTags {
        try await observed(.tags) { () async throws(UpstreamError) in
            let ask = try UpstreamRequest(.get, repository, "tags/list", within: endpoint)
            // Names that are no tags could never be asked for.
            let (tags, next) = try await page(ask, at: place, limit: limit, TagList.self) {
                ($0.tags ?? []).compactMap { Tag($0) }
            }
            return UpstreamTags(tags: tags, next: next)
        }
    }

    /// One page of the names of all repositories, as the registry calls them.
    ///
    /// - Parameter place: What the page before gave; nil for the first.
    package func repositories(
        at place: UpstreamListPlace?, limit: Int
    ) async throws(UpstreamError) -> (names: [RepositoryName], next: UpstreamListPlace?) {
        try await observed(.catalog) { () async throws(UpstreamError) in
            let (names, next) = try await page(
                UpstreamRequest(catalogWithin: endpoint), at: place, limit: limit, Catalog.self
            ) { ($0.repositories ?? []).compactMap { RepositoryName($0) } }
            return (names: names, next: next)
        }
    }

    private func page<List: Decodable, Name: CustomStringConvertible & Sendable>(
        _ ask: UpstreamRequest, at place: UpstreamListPlace?, limit: Int, _: List.Type, _ names: (List) -> [Name]
    ) async throws(UpstreamError) -> ([Name], next: UpstreamListPlace?) {
        var ask = ask
        let first = "n=\(max(limit, 1))"
        ask.query = place?.query ?? first
        let answer = try await send(ask)
        let bytes = try await whole(answer, upTo: settings.maxListSize)
        guard let list = try? JSONDecoder().decode(List.self, from: Data(bytes.readableBytesView)) else {
            throw invalid("sent a list that cannot be read")
        }
        let found = names(list)
        guard let link = LinkHeader.next(in: answer.headers.all("Link")) else { return (found, next: nil) }
        // Where the link leads elsewhere, as behind a proxy that rewrites hosts, the last name says where to go on.
        let query =
            continuation(of: ask, link) ?? found.last.map { "\(first)&last=\(PercentEncoding.encoded("\($0)"))" }
        return (found, next: query.map { UpstreamListPlace(query: $0) })
    }

    /// The query of a list's next page, if it is the same list: only the place in it is the upstream's to choose.
    private func continuation(of ask: UpstreamRequest, _ link: String) -> String? {
        guard let url = ask.url(at: endpoint).resolving(link), url.origin == endpoint.origin, url.path == ask.path,
            url.query != ask.query
        else { return nil }
        return url.query
    }

    private struct TagList: Decodable {
        let tags: [String]?
    }

    private struct Catalog: Decodable {
        let repositories: [String]?
    }

    public func referrers(
        _ repository: RepositoryName, _ subject: Digest
    ) async throws(UpstreamError) -> [Descriptor] {
        try await observed(.referrers) { () async throws(UpstreamError) in
            var ask = try UpstreamRequest(.get, repository, "referrers/\(subject)", within: endpoint)
            ask.headers.set("Accept", MediaType.imageIndex.value)
            // Registries older than the API do not know the path, which some say as 405.
            ask.accepted = [200, 404, 405]
            var descriptors: [Descriptor] = []
            var room = settings.maxListSize
            for _ in 0..<Self.mostReferrerPages {
                let answer = try await send(ask)
                guard answer.status == 200 else {
                    await drain(answer)
                    guard descriptors.isEmpty else { throw invalid("lost a page of its list of referrers") }
                    return try await referrersByTag(repository, subject)
                }
                let bytes = try await whole(answer, upTo: room)
                room -= bytes.readableBytes
                descriptors += try index(bytes)
                guard let next = LinkHeader.next(in: answer.headers.all("Link")) else { return descriptors }
                guard let query = continuation(of: ask, next) else {
                    throw invalid("continues its list of referrers at another place")
                }
                ask.query = query
            }
            throw UpstreamError(.tooLarge, "\(name) has too many referrers of \(subject)")
        }
    }

    /// Where a registry has no referrers API, clients keep an index under a tag (distribution specification, "Referrers
    /// tag schema").
    private func referrersByTag(
        _ repository: RepositoryName, _ subject: Digest
    ) async throws(UpstreamError) -> [Descriptor] {
        let tag = Tag(referrersOf: subject)
        var ask = try UpstreamRequest(
            .get, repository, "manifests/\(tag)", headers: Self.manifestHeaders, within: endpoint)
        ask.accepted = [200, 404]
        let answer = try await send(ask)
        guard answer.status == 200 else {
            await drain(answer)
            return []
        }
        return try index(try await whole(answer, upTo: settings.maxListSize))
    }

    private func index(_ bytes: ByteBuffer) throws(UpstreamError) -> [Descriptor] {
        let manifest: Manifest
        do throws(ManifestError) {
            manifest = try Manifest(bytes.readableBytesView)
        } catch {
            throw invalid("sent a list of referrers that cannot be read", cause: error)
        }
        guard manifest.kind == .index else { throw invalid("sent a list of referrers that is no index") }
        return manifest.manifests
    }
}
