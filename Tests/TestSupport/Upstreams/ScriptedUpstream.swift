internal import Hashing
internal import NIOConcurrencyHelpers
public import NIOCore
public import OCI
public import Upstream

/// An upstream in memory that holds what a test gives it, fails as told, and remembers what it was asked.
public final class ScriptedUpstream: UpstreamRegistry {
    /// One question, as a line of text: `GET blob library/x sha256:...@5-9`.
    public typealias Question = String

    private struct State {
        var manifests: [String: (bytes: ByteBuffer, mediaType: MediaType)] = [:]
        var blobs: [Digest: Blob] = [:]
        var tags: [Tag] = []
        var referrers: [Digest: [Descriptor]] = [:]
        var failure: UpstreamError.Kind?
        var questions: [Question] = []
    }

    /// How a blob is sent.
    public enum Blob: Sendable {
        case bytes(ByteBuffer)
        /// Through a valve that the test opens piece by piece.
        case valve(Valve, size: Int64?)
    }

    public let name: String
    private let state = NIOLockedValueBox(State())

    public init(_ name: String = "upstream.example") {
        self.name = name
    }

    /// From now on every question is answered with this failure; nil to work again.
    public func fail(_ kind: UpstreamError.Kind?) { state.withLockedValue { $0.failure = kind } }

    public var questions: [Question] { state.withLockedValue { $0.questions } }

    public func hold(_ manifest: String, tag: String, as type: MediaType = .imageManifest) -> Digest {
        let bytes = ByteBuffer(string: manifest)
        let digest = Digest(hashing: bytes)
        state.withLockedValue { state in
            state.manifests[tag] = (bytes, type)
            state.manifests[digest.description] = (bytes, type)
            if let tag = Tag(tag) { state.tags = Set(state.tags + [tag]).sorted() }
        }
        return digest
    }

    public func forget(tag: String) {
        state.withLockedValue { state in
            state.manifests[tag] = nil
            state.tags.removeAll { $0.value == tag }
        }
    }

    public func hold(_ blob: ByteBuffer) -> Digest {
        let digest = Digest(hashing: blob)
        hold(.bytes(blob), as: digest)
        return digest
    }

    public func hold(_ blob: Blob, as digest: Digest) { state.withLockedValue { $0.blobs[digest] = blob } }

    public func hold(_ referrers: [Descriptor], of subject: Digest) {
        state.withLockedValue { $0.referrers[subject] = referrers }
    }

    // MARK: UpstreamRegistry

    public func headManifest(
        _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> UpstreamManifestHead {
        let (bytes, type) = try found("HEAD manifest \(repository) \(reference)") {
            $0.manifests[reference.description]
        }
        return UpstreamManifestHead(
            digest: Digest(hashing: bytes), mediaType: type, size: Int64(bytes.readableBytes))
    }

    public func manifest(
        _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> UpstreamManifest {
        let (bytes, type) = try found("GET manifest \(repository) \(reference)") { $0.manifests[reference.description] }
        return UpstreamManifest(bytes: bytes, mediaType: type, digest: nil)
    }

    public func headBlob(_ repository: RepositoryName, _ digest: Digest) async throws(UpstreamError) -> UpstreamBlobHead
    {
        switch try found("HEAD blob \(repository) \(digest)", { $0.blobs[digest] }) {
        case .bytes(let bytes): UpstreamBlobHead(size: Int64(bytes.readableBytes))
        case .valve(_, let size): UpstreamBlobHead(size: size)
        }
    }

    public func blob(
        _ repository: RepositoryName, _ digest: Digest, range: UpstreamRange?
    ) async throws(UpstreamError) -> UpstreamBlob {
        let part = range.map { "@\($0.offset)-\($0.end.map(String.init) ?? "")" } ?? ""
        switch try found("GET blob \(repository) \(digest)\(part)", { $0.blobs[digest] }) {
        case .bytes(let bytes):
            let size = Int64(bytes.readableBytes)
            let offset = range?.offset ?? 0
            let length = Int((range?.end ?? size) - offset)
            let slice = bytes.getSlice(at: bytes.readerIndex + Int(offset), length: length) ?? ByteBuffer()
            let valve = Valve()
            if length > 0 { valve.send(slice) }
            valve.finish()
            return UpstreamBlob(totalSize: size, offset: offset, body: valve.body)
        case .valve(let valve, let size):
            return UpstreamBlob(totalSize: size, offset: range?.offset ?? 0, body: valve.body)
        }
    }

    public func tags(
        _ repository: RepositoryName, after last: String?, limit: Int
    ) async throws(UpstreamError) -> UpstreamTags {
        let all = try found("GET tags \(repository) after \(last ?? "")") { state in state.tags as [Tag]? }
        let later = last.map { last in all.filter { $0.value > last } } ?? all
        return UpstreamTags(tags: Array(later.prefix(limit)), hasMore: later.count > limit)
    }

    public func referrers(_ repository: RepositoryName, _ subject: Digest) async throws(UpstreamError) -> [Descriptor] {
        try found("GET referrers \(repository) \(subject)") { state in state.referrers[subject] ?? [] }
    }

    private func found<Value>(_ question: Question, _ look: (State) -> Value?) throws(UpstreamError) -> Value {
        let (failure, value) = state.withLockedValue { state in
            state.questions.append(question)
            return (state.failure, look(state))
        }
        if let failure { throw UpstreamError(failure, "\(name) was told to fail") }
        guard let value else { throw UpstreamError(.notFound, "\(name) has no such thing") }
        return value
    }
}
