internal import Access
internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Registry
internal import Upstream

extension DistributionAPI {
    /// More in one request are refused ("Pushing Manifests": 414).
    static let mostTags = 100

    /// From the first byte of a manifest to its last: it takes memory from others.
    private static let manifestTime: Duration = .seconds(60)

    /// end-7a, end-7b
    ///
    /// - Parameter name: As the client calls the repository.
    func putManifest(
        _ repository: Repository, _ name: RepositoryName, _ reference: Reference, _ identity: Identity,
        _ request: Request
    ) async throws(RegistryError) -> Response {
        try repository.checkWritable()
        let tags = try Self.tags(try Query(request.query), reference)
        // The authorizer knows the path; these tags are written as well.
        let alias = tags.isEmpty ? nil : authorizer.alias(name, of: repository)
        for tag in tags {
            try authorizer.check(
                AccessRequest(
                    .putManifest, repository: repository.name, namespace: repository.namespace.key,
                    reference: .tag(tag), alias: alias),
                identity)
        }
        let type = try Self.mediaType(request.headers)
        if let length = request.body.length, length > Int64(registry.manifestSizeLimit) {
            throw .tooLargeManifest(registry.manifestSizeLimit)
        }
        let room = try await registry.manifestShare(request.body.length)
        let bytes = try await manifestBytes(request.body)
        room?.shrink(to: bytes.readableBytes)
        let pushed = try await registry.putManifest(
            repository,
            IncomingManifest(
                bytes: bytes, mediaType: type, reference: reference, tags: tags,
                condition: ConditionalRequest.condition(request.headers), room: room))
        var headers = Self.apiVersion
        headers.add(name: "Location", value: "/v2/\(repository.name)/manifests/\(pushed.digest)")
        headers.add(name: "Docker-Content-Digest", value: pushed.digest.description)
        if let subject = pushed.subject { headers.add(name: "OCI-Subject", value: subject.description) }
        if !tags.isEmpty { headers.add(name: "OCI-Tag", value: tags.map(\.value).joined(separator: ", ")) }
        return Response(status: .created, headers: headers)
    }

    /// The tags of the query, each once; they go with a digest only.
    private static func tags(_ query: Query, _ reference: Reference) throws(RegistryError) -> [Tag] {
        guard case .digest = reference else { return [] }
        var tags: [Tag] = []
        for text in query.all("tag") {
            guard let tag = Tag(text) else {
                throw RegistryError(.manifestInvalid, "a tag has at most 128 letters, digits, '.', '_' and '-'")
            }
            if !tags.contains(tag) { tags.append(tag) }
        }
        guard tags.count <= mostTags else {
            throw RegistryError(.unsupported, status: 414, "at most \(mostTags) tags can be pushed in one request")
        }
        return tags
    }

    /// Without its parameters, which a registry is to ignore.
    private static func mediaType(_ headers: HTTPHeaders) throws(RegistryError) -> MediaType? {
        guard let field = headers.first(name: "Content-Type") else { return nil }
        guard let type = MediaType(field: field) else {
            throw RegistryError(.manifestInvalid, "the Content-Type is not a media type")
        }
        guard type.mayNameManifest || type.isSchema1 else {
            throw RegistryError(
                .manifestInvalid, status: 415, "the Content-Type is no manifest's; send it as its `mediaType` says")
        }
        return type
    }

    private func manifestBytes(_ body: RequestBody) async throws(RegistryError) -> ByteBuffer {
        do {
            return try await body.collect(upTo: registry.manifestSizeLimit, within: Self.manifestTime)
        } catch RequestBodyError.tooLarge(let limit) {
            throw .tooLargeManifest(limit)
        } catch let error as RequestBodyError {
            throw RegistryError(.manifestInvalid, "the manifest did not arrive: \(error)", cause: error)
        } catch {
            throw RegistryError(.manifestInvalid, "the manifest did not arrive", cause: error)
        }
    }

    /// end-9
    func deleteManifest(_ repository: Repository, _ reference: Reference) async throws(RegistryError) -> Response {
        try await registry.deleteManifest(repository, reference)
        return Response(status: .accepted, headers: Self.apiVersion)
    }

    /// end-10
    func deleteBlob(_ repository: Repository, _ digest: Digest) async throws(RegistryError) -> Response {
        try await registry.deleteBlob(repository, digest)
        return Response(status: .accepted, headers: Self.apiVersion)
    }
}
