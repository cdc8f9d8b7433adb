internal import CurlClient
internal import NIOCore
internal import OCI
internal import Upstream

/// One upload session: sends the parts of a blob, and finds out how far it came where a request breaks off
/// (distribution specification, "Pushing blobs").
struct BlobUpload {
    let registry: RemoteRegistry
    let repository: RepositoryName
    let blob: OutgoingBlob
    var place: UploadPlace
    /// Bytes that the registry wants in every request but the last.
    let smallestPart: Int64
    private var partSize: Int64?
    private var sent: Int64 = 0
    private var failures = 0

    /// The session is over, and the registry has nothing of it.
    struct LostError: Error {
        let cause: UpstreamError
        /// As it was found that the registry takes them.
        let partSize: Int64?
    }

    /// At once with the end of the upload.
    private static let small: Int64 = 256 << 10
    /// Of a registry that takes no more at once.
    static let usualPart: Int64 = 8 << 20
    private static let leastPart: Int64 = 256 << 10

    init(
        _ registry: RemoteRegistry, _ blob: OutgoingBlob, to repository: RepositoryName, at place: UploadPlace,
        smallestPart: Int64, partSize: Int64?
    ) {
        self.registry = registry
        self.repository = repository
        self.blob = blob
        self.place = place
        self.smallestPart = smallestPart
        self.partSize = partSize.map { max($0, smallestPart, 1) }
    }

    mutating func run() async throws {
        if blob.size > Self.small || partSize.map({ $0 < blob.size }) ?? false {
            while sent < blob.size { try await sendPart() }
        }
        try await finish()
    }

    private mutating func sendPart() async throws {
        let length = min(partSize ?? .max, blob.size - sent)
        var ask = UpstreamRequest(
            .patch, at: place, headers: ["Content-Type": "application/octet-stream"],
            body: blob.body(from: sent, length: length))
        if partSize != nil || sent > 0 { ask.headers.set("Content-Range", "\(sent)-\(sent + length - 1)") }
        // Some say that it is created.
        ask.accepted = [201, 202, 204, 404, 413, 416]
        let answer: CurlResponse
        do throws(UpstreamError) {
            answer = try await send(ask)
        } catch {
            try await registry.pause(after: error, &failures)
            return try await look(after: error)
        }
        await registry.client.drain(answer)
        switch answer.status {
        case 404:
            throw lost(UpstreamError(.notFound, "\(registry.name) does not know the upload any more"))
        case 413:
            // It, or a proxy before it, takes no more at once than this.
            let smaller = partSize.map { $0 / 2 } ?? min(Self.usualPart, max(blob.size / 2, Self.leastPart))
            guard smaller >= max(Self.leastPart, smallestPart) else {
                throw UpstreamError(.tooLarge, "\(registry.name) takes no part of an upload of \(length) bytes")
            }
            partSize = smaller
            try await look(after: UpstreamError(.tooLarge, "\(registry.name) answered 413"))
        case 416:
            let error = UpstreamError(.rangeNotSatisfiable, "\(registry.name) answered 416")
            failures += 1
            guard failures < registry.settings.attempts else { throw error }
            try await look(after: error)
        default:
            place = try registry.client.uploadPlace(answer, in: repository) ?? place
            sent = try accepted(answer, from: sent, to: sent + length)
            failures = 0
        }
    }

    /// How far the registry says it has come.
    private func accepted(_ answer: CurlResponse, from: Int64, to: Int64) throws(UpstreamError) -> Int64 {
        guard let end = Self.end(answer), end != to else { return to }
        // It took less than was sent: it goes on from there.
        guard end > from, end < to else {
            throw registry.client.invalid("says that it has \(end) bytes of an upload of which \(to) were sent")
        }
        return end
    }

    /// Finds out from where to go on.
    private mutating func look(after error: UpstreamError) async throws {
        var ask = UpstreamRequest(.get, at: place)
        ask.accepted = Set(200...499)
        let answer: CurlResponse
        do throws(UpstreamError) {
            answer = try await send(ask)
        } catch let failure {
            guard failure.kind.mayPass else { throw failure }
            throw lost(error)
        }
        await registry.client.drain(answer)
        // "0-0" may mean one byte or none.
        guard answer.status == 204, let end = Self.end(answer), end > 1, end <= blob.size else {
            throw lost(error)
        }
        place = try registry.client.uploadPlace(answer, in: repository) ?? place
        sent = end
    }

    private mutating func finish() async throws {
        let rest = blob.size - sent
        var ask = UpstreamRequest(
            .put, at: registry.client.end(of: place, blob.digest),
            headers: ["Content-Type": "application/octet-stream"], body: blob.body(from: sent, length: rest))
        if sent > 0, rest > 0 { ask.headers.set("Content-Range", "\(sent)-\(blob.size - 1)") }
        ask.accepted = [201, 204]
        do throws(UpstreamError) {
            let answer = try await send(ask)
            await registry.client.drain(answer)
            if let text = answer.headers["Docker-Content-Digest"], let digest = Digest(text),
                digest.algorithm == blob.digest.algorithm, digest != blob.digest
            {
                throw registry.client.invalid("stored \(digest) where \(blob.digest) was pushed")
            }
        } catch {
            guard error.kind.mayPass || error.kind == .notFound else { throw error }
            throw lost(error)
        }
    }

    private func lost(_ error: UpstreamError) -> LostError { LostError(cause: error, partSize: partSize) }

    private func send(_ ask: UpstreamRequest) async throws(UpstreamError) -> CurlResponse {
        var ask = ask
        ask.body?.rate = registry.settings.sendRate
        // The registry may have taken some of it: what it has is asked for before more is sent.
        ask.body?.isRepeatable = false
        // What is sent may take long.
        ask.isWhole = false
        let request = ask
        let client = try await registry.entering(repository, .content)
        return try await client.observed(.upload) { () async throws(UpstreamError) in try await client.send(request) }
    }

    /// Bytes that an answer's `Range: 0-LAST` tells of.
    private static func end(_ answer: CurlResponse) -> Int64? {
        guard var text = answer.headers["Range"]?[...] else { return nil }
        if text.hasPrefix("bytes=") { text = text.dropFirst(6) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends[0] == "0", let last = Int64(ends[1]), last >= 0, last < .max else { return nil }
        return last + 1
    }
}
