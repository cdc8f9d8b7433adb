internal import TextEncodings
internal import Access
internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Registry

extension DistributionAPI {
    /// end-8a, end-8b
    ///
    /// - Parameter name: As the client calls the repository: the answer calls it so too.
    func tags(
        _ repository: Repository, _ name: RepositoryName, _ identity: Identity, _ request: Request
    ) async throws(RegistryError) -> Response {
        let query = try Query(request.query)
        let limit = try query.limit()
        let served = try await visibleTags(repository, name, identity, after: query["last"], limit: limit)
        var headers = HTTPHeaders(Self.fields(served, request))
        headers.add(name: "Content-Type", value: MediaType.json.value)
        if served.content.hasMore, let limit, let last = served.content.tags.last {
            let next = "/v2/\(name)/tags/list?n=\(limit)&last=\(last)" + namespaceField(query)
            headers.add(name: "Link", value: "<\(next)>; rel=\"next\"")
        }
        var body = ByteBuffer()
        body.writeString(#"{"name":"\#(name)","tags":["#)
        Self.write(served.content.tags.lazy.map(\.value), to: &body)
        body.writeString("]}")
        return Response(status: .ok, headers: headers, body: .bytes(body))
    }

    /// Those tags that this client may pull.
    private func visibleTags(
        _ repository: Repository, _ name: RepositoryName, _ identity: Identity, after last: String?, limit: Int?
    ) async throws(RegistryError) -> Served<TagPage> {
        let key = repository.namespace.key
        let alias = authorizer.alias(name, of: repository)
        guard authorizer.access.policies.looksAtTags(namespace: key) else {
            var served = try await registry.tags(repository, after: last, limit: limit)
            // They all look alike to the policy.
            if let tag = served.content.tags.first, !authorizer.allows(pulling(tag, of: repository, alias), identity) {
                served.content = TagPage(tags: [], hasMore: false)
            }
            return served
        }
        // Pages are made of what is left: the end of a page must not tell of a tag that is hidden.
        var served = try await registry.tags(repository, after: last, limit: limit == 0 ? 0 : nil)
        var visible: [Tag] = []
        for (position, tag) in served.content.tags.enumerated() {
            // Others on this event loop get their turn.
            if position % 100 == 99 { await Task.yield() }
            guard authorizer.allows(pulling(tag, of: repository, alias), identity) else { continue }
            visible.append(tag)
            if let limit, visible.count > limit { break }
        }
        served.content = TagPage(
            tags: limit.map { Array(visible.prefix($0)) } ?? visible, hasMore: limit.map { visible.count > $0 } ?? false
        )
        return served
    }

    private func pulling(_ tag: Tag, of repository: Repository, _ alias: RepositoryName?) -> AccessRequest {
        AccessRequest(
            .getManifest, repository: repository.name, namespace: repository.namespace.key, reference: .tag(tag),
            alias: alias)
    }

    /// The most repositories of one answer, and their number where the client says none.
    private static let catalogPage = 1000

    /// `/v2/_catalog`, as Docker's registry has it.
    func catalog(_ identity: Identity, _ request: Request) async throws(RegistryError) -> Response {
        let query = try Query(request.query)
        let limit = min(try query.limit() ?? Self.catalogPage, Self.catalogPage)
        let authorizer = authorizer
        // The token was for the list; what is on it is up to policy.
        let reader = identity.withoutGrants
        let page = try await registry.catalog(namespaces, after: query["last"], limit: limit) {
            authorizer.allowsPulling($0, reader)
        }
        var headers = Self.apiVersion
        headers.add(name: "Content-Type", value: MediaType.json.value)
        if page.hasMore, let last = page.names.last {
            headers.add(name: "Link", value: "</v2/_catalog?n=\(limit)&last=\(last)>; rel=\"next\"")
        }
        var body = ByteBuffer()
        body.writeString(#"{"repositories":["#)
        Self.write(page.names.lazy.map(\.value), to: &body)
        body.writeString("]}")
        return Response(status: .ok, headers: headers, body: .bytes(body))
    }

    /// What one answer holds of a subject's referrers; more come with `Link`.
    private static let referrersPage = (count: 1000, bytes: 4 << 20)

    /// end-12a, end-12b
    ///
    /// - Parameter name: As the client calls the repository.
    func referrers(
        _ repository: Repository, _ name: RepositoryName, _ subject: Digest, _ request: Request
    ) async throws(RegistryError) -> Response {
        let query = try Query(request.query)
        let type = query.mediaType("artifactType")
        let served = try await registry.referrers(repository, subject, artifactType: type)
        var headers = HTTPHeaders(Self.fields(served, request))
        headers.add(name: "Content-Type", value: MediaType.imageIndex.value)
        if type != nil { headers.add(name: "OCI-Filters-Applied", value: "artifactType") }
        var body = ByteBuffer()
        body.writeString(#"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":["#)
        var rest = served.content.sorted { $0.digest < $1.digest }[...]
        if let last = try query.digest("last") { rest = rest.drop { $0.digest <= last } }
        var isFirst = true
        var written = 0
        for descriptor in rest {
            guard written < Self.referrersPage.count, body.readableBytes < Self.referrersPage.bytes else { break }
            if !isFirst { body.writeString(",") }
            Self.write(descriptor, to: &body)
            isFirst = false
            written += 1
        }
        if written < rest.count, let last = rest.prefix(written).last {
            var next = "/v2/\(name)/referrers/\(subject)?last=\(last.digest)" + namespaceField(query)
            if let type { next += "&artifactType=\(PercentEncoding.encoded(type))" }
            headers.add(name: "Link", value: "<\(next)>; rel=\"next\"")
        }
        body.writeString("]}")
        return Response(status: .ok, headers: headers, body: .bytes(body))
    }

    /// Elements of an array; tags and names have nothing that JSON would escape.
    private static func write(_ names: some Sequence<String>, to body: inout ByteBuffer) {
        var isFirst = true
        for name in names {
            body.writeStaticString(isFirst ? "\"" : ",\"")
            body.writeString(name)
            body.writeStaticString("\"")
            isFirst = false
        }
    }

    private func namespaceField(_ query: Query) -> String {
        query["ns"].map { "&ns=\(PercentEncoding.encoded($0))" } ?? ""
    }

    private static func write(_ descriptor: Descriptor, to body: inout ByteBuffer) {
        body.writeString(#"{"mediaType":"#)
        JSONText.write(descriptor.mediaType.value, to: &body)
        body.writeString(#","digest":"\#(descriptor.digest)","size":\#(descriptor.size)"#)
        if let type = descriptor.artifactType {
            body.writeString(#","artifactType":"#)
            JSONText.write(type, to: &body)
        }
        if let annotations = descriptor.annotations {
            body.writeString(#","annotations":{"#)
            for (position, (key, value)) in annotations.sorted(by: { $0.key < $1.key }).enumerated() {
                if position > 0 { body.writeString(",") }
                JSONText.write(key, to: &body)
                body.writeString(":")
                JSONText.write(value, to: &body)
            }
            body.writeString("}")
        }
        body.writeString("}")
    }
}
