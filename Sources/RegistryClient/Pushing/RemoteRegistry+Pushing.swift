internal import CurlClient
internal import Hashing
public import NIOCore
public import OCI
public import Upstream

extension RemoteRegistry {
    /// Sees to it that a repository has a blob, as cheaply as the registry lets it.
    ///
    /// - Parameter source: A repository of the same registry that may have it.
    @discardableResult
    public func push(
        _ blob: OutgoingBlob, to repository: RepositoryName, mountingFrom source: RepositoryName? = nil
    ) async throws -> PushedBlob {
        if try await holdsBlob(blob.digest, in: repository) { return .present }
        var failures = 0
        var partSize = settings.chunkSize
        while true {
            let begun = try await begin(blob.digest, in: repository, mountingFrom: source)
            guard case .session(let place, let smallest) = begun else { return .mounted }
            var upload = BlobUpload(
                self, blob, to: repository, at: place, smallestPart: smallest, partSize: partSize)
            do {
                try await upload.run()
                return .uploaded
            } catch let lost as BlobUpload.LostError {
                // It may have been the answer that was lost.
                if try await holdsBlob(blob.digest, in: repository) { return .uploaded }
                partSize = lost.partSize
                // The next one is smaller, down to the least.
                if lost.cause.kind == .tooLarge { continue }
                failures += 1
                guard failures < settings.attempts, !Task.isCancelled else { throw lost.cause }
                await timers.sleep(.milliseconds(250) * (1 << min(failures - 1, 6)))
            }
        }
    }

    private enum Begun {
        case mounted
        case session(UploadPlace, smallestPart: Int64)
    }

    private func begin(
        _ digest: Digest, in repository: RepositoryName, mountingFrom source: RepositoryName?
    ) async throws(UpstreamError) -> Begun {
        try await retrying { () async throws(UpstreamError) in
            var ask = try UpstreamRequest(
                .post, repository, "blobs/uploads/", actions: "pull,push", readingAlso: source,
                within: client.endpoint)
            if let source { ask.query = "mount=\(digest)&from=\(try client.endpoint.remote(source))" }
            ask.body = .bytes(ByteBuffer())
            ask.accepted = [201, 202]
            let request = ask
            let client = try await entering(repository, .question)
            let answer = try await client.observed(.upload) { () async throws(UpstreamError) in
                try await client.send(request)
            }
            await client.drain(answer)
            if answer.status == 201, source != nil { return .mounted }
            guard let place = try client.uploadPlace(answer, in: repository, readingAlso: source) else {
                throw client.invalid("does not say where an upload goes on")
            }
            let smallest = answer.headers["OCI-Chunk-Min-Length"].flatMap { Int64($0) } ?? 0
            return .session(place, smallestPart: min(max(smallest, 0), 1 << 30))
        }
    }

    // MARK: Manifests

    /// Pushes a manifest whose parts are there. Where it names a subject and the registry keeps no list of referrers, the list
    /// under the tag that stands for it is brought up to date ("Referrers tag schema"); of two clients that do so at the
    /// same moment, one may win.
    ///
    /// - Parameter tag: Nil for its digest alone.
    @discardableResult
    public func push(
        manifest bytes: ByteBuffer, _ mediaType: MediaType, to repository: RepositoryName, tag: Tag? = nil
    ) async throws(UpstreamError) -> Digest {
        let digest = Digest(hashing: bytes)
        let answer = try await put(bytes, mediaType, repository, tag.map { .tag($0) } ?? .digest(digest))
        if let text = answer.headers["Docker-Content-Digest"], let stored = Digest(text),
            stored.algorithm == digest.algorithm, stored != digest
        {
            throw client.invalid("stored \(stored) where \(digest) was pushed")
        }
        if answer.headers["OCI-Subject"] == nil,
            let content = try? Manifest.relayed(bytes.readableBytesView, besides: mediaType),
            let subject = content.subject
        {
            let type = content.artifactType ?? (content.kind == .image ? content.config?.mediaType.value : nil)
            try await changeReferrers(of: subject.digest, in: repository) { list in
                list.manifests.removeAll { $0.digest == digest.description }
                list.manifests.append(
                    .init(
                        mediaType: mediaType.value, digest: digest.description, size: Int64(bytes.readableBytes),
                        artifactType: type, annotations: content.annotations))
            }
        }
        return digest
    }

    private func put(
        _ bytes: ByteBuffer, _ mediaType: MediaType, _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> CurlResponse {
        try await retrying { () async throws(UpstreamError) in
            var ask = try UpstreamRequest(
                .put, repository, "manifests/\(reference)", headers: ["Content-Type": mediaType.value],
                actions: "pull,push", within: client.endpoint)
            ask.body = .bytes(bytes)
            ask.accepted = [200, 201, 202, 204]
            let request = ask
            let client = try await entering(repository, .question)
            let answer = try await client.observed(.pushManifest) { () async throws(UpstreamError) in
                try await client.send(request)
            }
            await client.drain(answer)
            return answer
        }
    }

    /// Deletes a tag, or a manifest with all its tags.
    ///
    /// - Throws: `notFound` where there is none.
    public func delete(_ repository: RepositoryName, _ reference: Reference) async throws(UpstreamError) {
        var subject: Digest?
        if case .digest = reference { subject = try await manifest(repository, reference).content.subject?.digest }
        try await retrying { () async throws(UpstreamError) in
            var ask = try UpstreamRequest(
                .delete, repository, "manifests/\(reference)", actions: "pull,delete", within: client.endpoint)
            ask.accepted = [200, 202, 204]
            let request = ask
            let client = try await entering(repository, .question)
            let answer = try await client.observed(.delete) { () async throws(UpstreamError) in
                try await client.send(request)
            }
            await client.drain(answer)
        }
        guard case .digest(let digest) = reference, let subject else { return }
        // Where the registry keeps the list, there is no such tag.
        guard try await hasReferrersTag(subject, in: repository) else { return }
        try await changeReferrers(of: subject, in: repository) { list in
            list.manifests.removeAll { $0.digest == digest.description }
        }
    }
}
