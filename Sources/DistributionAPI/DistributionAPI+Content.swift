public import HTTPServer
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Registry
public import Storage
internal import Upstream

extension OpenFile: DescriptorHolder {}

extension DistributionAPI {
    /// end-3
    func manifest(
        _ repository: Repository, _ reference: Reference, _ request: Request
    ) async throws(RegistryError) -> Response {
        let served = try await registry.manifest(repository, reference, isHead: request.method == .HEAD)
        var response = Self.response(served, request)
        if request.method != .HEAD, response.status == .ok, let file = await Self.file(served.content, registry) {
            response.body = file
        }
        return response
    }

    private static func response(_ served: Served<StoredManifest>, _ request: Request) -> Response {
        let manifest = served.content
        var fields = fields(served, request)
        fields.append(("Docker-Content-Digest", manifest.digest.description))
        fields.append(("ETag", manifest.digest.entityTag))
        if ConditionalRequest.isUnchanged(request.headers, manifest.digest) {
            return Response(status: .notModified, headers: HTTPHeaders(fields))
        }
        fields.append(("Content-Type", manifest.mediaType.value))
        return Response(status: .ok, headers: HTTPHeaders(fields), body: .bytes(manifest.bytes))
    }

    /// A large manifest goes out from its file: a client that takes nothing must not keep it in memory.
    private static func file(_ manifest: StoredManifest, _ registry: Registry) async -> ResponseBody? {
        let size = Int64(manifest.bytes.readableBytes)
        guard size > 256 << 10, case .file(let file, size)? = await registry.content(of: manifest) else { return nil }
        return .file(FileSlice(file: file, offset: 0, length: size))
    }

    /// end-2
    func blob(_ repository: Repository, _ digest: Digest, _ request: Request) async throws(RegistryError) -> Response {
        let isUnchanged = ConditionalRequest.isUnchanged(request.headers, digest)
        // What the client has already is worth no download, only a look whether it is there.
        let served =
            request.method == .HEAD || isUnchanged
            ? try await registry.blobHead(repository, digest)
            : try await registry.blob(
                repository, digest, range: ConditionalRequest.range(request.headers, digest),
                isRead: !redirects.takes(request))
        if !isUnchanged, !served.content.isOutOfRange, let address = await address(served.content, request) {
            var headers = HTTPHeaders(Self.fields(served, digest, request))
            headers.replaceOrAdd(name: "Cache-Control", value: "no-store")
            headers.add(name: "Location", value: address)
            return Response(status: .temporaryRedirect, headers: headers)
        }
        return Self.response(served, digest, isUnchanged: isUnchanged, request)
    }

    /// The answer for GET where that needs nothing waited for.
    func contentAtOnce(_ meaning: KnownPaths.Meaning, _ request: Request) -> Response? {
        if meaning.action == .getAPIVersion { return Self.json("{}") }
        guard let repository = meaning.repository else { return nil }
        switch meaning.action {
        case .getManifest(_, let reference):
            return registry.manifestAtOnce(repository, reference).map { Self.response($0, request) }
        case .getBlob(_, let digest) where !ConditionalRequest.isUnchanged(request.headers, digest):
            let range = ConditionalRequest.range(request.headers, digest)
            return registry.blobAtOnce(repository, digest, range: range).map {
                Self.response($0, digest, isUnchanged: false, request)
            }
        default: return nil
        }
    }

    private static func fields(
        _ served: Served<BlobAnswer>, _ digest: Digest, _ request: Request
    ) -> [(String, String)] {
        var fields = fields(served, request)
        fields.append(("Docker-Content-Digest", digest.description))
        fields.append(("ETag", digest.entityTag))
        fields.append(("Accept-Ranges", "bytes"))
        return fields
    }

    private static func response(
        _ served: Served<BlobAnswer>, _ digest: Digest, isUnchanged: Bool, _ request: Request
    ) -> Response {
        let answer = served.content
        if answer.isOutOfRange {
            var response = ErrorResponse.make(
                RegistryError(.sizeInvalid, status: 416, "the blob has no bytes in the range asked for"))
            response.headers.add(name: "Content-Range", value: "bytes */\(answer.size ?? 0)")
            return response
        }
        var fields = fields(served, digest, request)
        if isUnchanged { return Response(status: .notModified, headers: HTTPHeaders(fields)) }
        fields.append(("Content-Type", MediaType.octetStream.value))
        if let range = answer.range, let size = answer.size {
            fields.append(("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"))
            return Response(status: .partialContent, headers: HTTPHeaders(fields), body: body(answer))
        }
        return Response(status: .ok, headers: HTTPHeaders(fields), body: body(answer))
    }

    /// Where the client gets the blob from the store itself; nil if it gets it from here.
    private func address(_ answer: BlobAnswer, _ request: Request) async -> String? {
        guard case .stored(.remote(let object)) = answer.source, redirects.takes(request) else { return nil }
        do throws(StorageError) {
            return try await object.address(lifetime: BlobRedirects.lifetime)
        } catch {
            logger.notice("no address for a redirect", metadata: ["request": "\(request.id)", "error": "\(error)"])
            return nil
        }
    }

    static func body(_ answer: BlobAnswer) -> ResponseBody {
        let part = answer.range ?? 0..<(answer.size ?? .max)
        switch answer.source {
        case .stored(.file(let file, _)):
            return .file(FileSlice(file: file, offset: part.lowerBound, length: Int64(part.count)))
        case .stored(.bytes(let bytes)):
            let start = bytes.readerIndex + Int(part.lowerBound)
            return .bytes(bytes.getSlice(at: start, length: part.count) ?? ByteBuffer())
        case .stored(.remote(let object)):
            return .stream(length: Int64(part.count)) { writer in
                let body = object.body(part)
                while let piece = try await body.next() { try await writer.write(piece) }
            }
        case .filling(let reader):
            return .stream(length: answer.size.map { _ in Int64(part.count) }) { writer in
                try await follow(reader, part, writer)
            }
        case .passing(let body):
            return .stream(length: Int64(part.count)) { writer in
                try await pass(body, UInt64(part.count), writer)
            }
        case .nothing:
            // Without a size the head has none: 0 would be one.
            return .stream(length: answer.size) { _ in }
        }
    }

    /// Sends what the fill has released, as it is released, at this client's own speed.
    private static func follow(_ reader: FillReader, _ part: Range<Int64>, _ writer: BodyWriter) async throws {
        var offset = part.lowerBound
        while offset < part.upperBound, let released = try await reader.end(after: offset), let file = reader.file {
            let end = min(released, part.upperBound)
            try await writer.write(FileSlice(file: file, offset: offset, length: end - offset))
            offset = end
        }
        guard offset < part.upperBound, let rest = try await reader.rest(from: offset, to: part.upperBound) else {
            return
        }
        try await pass(rest, Int64.Magnitude(part.upperBound - offset), writer)
    }

    /// An upstream that sends more than was asked for is cut off, not passed on.
    private static func pass(_ body: UpstreamBody, _ count: UInt64, _ writer: BodyWriter) async throws {
        var left = count
        while left > 0, let piece = try await body.next() {
            let length = Int(min(left, UInt64(piece.readableBytes)))
            try await writer.write(piece.getSlice(at: piece.readerIndex, length: length) ?? piece)
            left -= UInt64(length)
        }
    }
}
