internal import Access
internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Registry

extension DistributionAPI {
    /// end-4a, end-4b, end-4c, end-11
    func startUpload(
        _ repository: Repository, _ identity: Identity, _ request: Request
    ) async throws(RegistryError) -> Response {
        try repository.checkWritable()
        let query = try Query(request.query)
        if let digest = try query.digest("mount"),
            try await mount(digest, query["from"], into: repository, for: identity)
        {
            return Self.created(digest, repository)
        }
        if query["mount"] == nil, let digest = try query.digest("digest") {
            var body = BodyReader(request.body)
            try await registry.putBlob(repository, digest, length: request.body.length) {
                () async throws(RegistryError) in
                try await body.next()
            }
            return Self.created(digest, repository)
        }
        let algorithm = try Self.algorithm(query)
        let id = UploadOwner(identity).newUpload()
        return Self.accepted(
            try await registry.startUpload(repository, id, algorithm: algorithm), repository, .accepted)
    }

    /// The session, if it belongs to this client.
    ///
    /// - Throws: What is said of one that does not exist.
    func own(_ id: UploadID, _ identity: Identity) throws(RegistryError) -> UploadID {
        guard UploadOwner(identity).mayUse(id) else { throw .unknownUpload(id) }
        return id
    }

    private func mount(
        _ digest: Digest, _ from: String?, into repository: Repository, for identity: Identity
    ) async throws(RegistryError) -> Bool {
        var source: Repository?
        if let from {
            // A source that cannot be is one that does not hold the blob: then the client uploads it.
            // One that this client may not pull from looks the same.
            guard let name = RepositoryName(from), let found = try? namespaces.repository(name),
                authorizer.allowsPulling(found, as: name, identity, digest: digest)
            else { return false }
            source = found
        }
        let authorizer = authorizer
        return try await registry.mountBlob(repository, digest, from: source, among: namespaces) {
            authorizer.allowsPulling($0, identity, digest: digest)
        }
    }

    private static func algorithm(_ query: Query) throws(RegistryError) -> Digest.Algorithm {
        guard let text = query["digest-algorithm"] else { return .sha256 }
        guard let algorithm = Digest.Algorithm(rawValue: text) else {
            throw RegistryError(.digestInvalid, "digest-algorithm must be sha256 or sha512")
        }
        return algorithm
    }

    /// end-5
    func updateUpload(
        _ repository: Repository, _ id: UploadID, _ request: Request
    ) async throws(RegistryError) -> Response {
        let part = try Self.part(request)
        var body = BodyReader(request.body)
        let outcome = try await registry.appendToUpload(repository, id, part) { () async throws(RegistryError) in
            try await body.next()
        }
        return Self.response(outcome, repository)
    }

    /// end-6
    func completeUpload(
        _ repository: Repository, _ id: UploadID, _ request: Request
    ) async throws(RegistryError) -> Response {
        guard let digest = try Query(request.query).digest("digest") else {
            throw RegistryError(.digestInvalid, "the upload is completed with ?digest=<digest of the whole blob>")
        }
        let part = try Self.part(request)
        var body = BodyReader(request.body)
        let outcome = try await registry.completeUpload(repository, id, as: digest, part) {
            () async throws(RegistryError) in try await body.next()
        }
        return Self.response(outcome, repository)
    }

    /// end-13
    func uploadStatus(_ repository: Repository, _ id: UploadID) async throws(RegistryError) -> Response {
        Self.accepted(try await registry.uploadStatus(repository, id), repository, .noContent)
    }

    /// end-14
    func cancelUpload(_ repository: Repository, _ id: UploadID) async throws(RegistryError) -> Response {
        try await registry.cancelUpload(repository, id)
        return Response(status: .noContent, headers: Self.apiVersion)
    }

    // MARK: Answers

    static let apiVersion: HTTPHeaders = ["Docker-Distribution-Api-Version": "registry/2.0"]

    private static func response(_ outcome: UploadOutcome, _ repository: Repository) -> Response {
        switch outcome {
        case .accepted(let status): return accepted(status, repository, .accepted)
        case .complete(let digest): return created(digest, repository)
        case .misplaced(let status):
            var response = ErrorResponse.make(
                RegistryError(
                    .blobUploadInvalid, status: 416,
                    "the content does not begin where the upload ends, at byte \(status.size); go on from there"))
            response.headers.add(contentsOf: session(status, repository))
            return response
        }
    }

    private static func accepted(
        _ status: UploadStatus, _ repository: Repository, _ code: HTTPResponseStatus
    ) -> Response {
        var headers = apiVersion
        headers.add(contentsOf: session(status, repository))
        return Response(status: code, headers: headers)
    }

    /// Where the session is, and how far.
    ///
    /// The name is the repository's full one, which means the same with and without `?ns=`.
    private static func session(_ status: UploadStatus, _ repository: Repository) -> HTTPHeaders {
        [
            "Location": "/v2/\(repository.name)/blobs/uploads/\(status.id)",
            // Nothing yet cannot be said as a range; what every registry says instead is one byte too many.
            "Range": "0-\(max(0, status.size - 1))",
            "Docker-Upload-UUID": status.id.value,
        ]
    }

    private static func created(_ digest: Digest, _ repository: Repository) -> Response {
        var headers = apiVersion
        headers.add(name: "Location", value: "/v2/\(repository.name)/blobs/\(digest)")
        headers.add(name: "Docker-Content-Digest", value: digest.description)
        return Response(status: .created, headers: headers)
    }

    /// `Content-Range: <first>-<last>`, exactly so ("Pushing a blob in chunks"); without it the content goes to the
    /// end.
    private static func part(_ request: Request) throws(RegistryError) -> UploadPart {
        guard let field = request.headers.first(name: "Content-Range") else {
            return UploadPart(length: request.body.length)
        }
        let bounds = field.split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, bounds.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let first = Int64(bounds[0]), let last = Int64(bounds[1]), first <= last, last < .max
        else {
            throw RegistryError(
                .blobUploadInvalid, "Content-Range must be <first byte>-<last byte>, without a unit and both inclusive")
        }
        return UploadPart(range: first..<last + 1, length: request.body.length)
    }
}
