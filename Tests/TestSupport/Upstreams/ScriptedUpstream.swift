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
        var excuse: String?
        var isSilent = false
        var manifestRoom: ByteBudget?
        var claim: Digest?
        var waiting: [AsyncStream<Never>.Continuation] = []
        var questions: [Question] = []
    }

    /// How a blob is sent.
    public enum Blob: Sendable {
        case bytes(ByteBuffer)
        /// Through a valve that the test opens piece by piece.
        case valve(Valve, size: Int64?, entity: String? = nil)
        /// Every transfer breaks off at this place in the blob.
        case cut(ByteBuffer, at: Int)
        /// Every transfer breaks off after so many bytes.
        case flapping(ByteBuffer, step: Int)
        /// Whatever range is asked for: the whole.
        case withoutRanges(ByteBuffer)
        /// With an entity tag, cut after so many bytes; ranges of another entity get the whole.
        case entity(ByteBuffer, tag: String, step: Int)

        fileprivate var size: Int64? {
            switch self {
            case .bytes(let bytes), .cut(let bytes, _), .flapping(let bytes, _), .withoutRanges(let bytes),
                .entity(let bytes, _, _):
                Int64(bytes.readableBytes)
            case .valve(_, let size, _): size
            }
        }
    }

    public let name: String
    public let budget: RateBudget?
    public let gate: UpstreamGate?
    private let state: NIOLockedValueBox<State>
    /// Memory for the next manifest.
    private let room: ByteBudget.Share?

    /// - Parameter gate: Who it lets through; nil for all.
    public init(_ name: String = "upstream.example", gate: UpstreamGate? = nil) {
        self.name = name
        self.gate = gate
        budget = RateBudget(name: name)
        state = NIOLockedValueBox(State())
        room = nil
    }

    private init(_ other: ScriptedUpstream, room: ByteBudget.Share) {
        name = other.name
        gate = other.gate
        budget = other.budget
        state = other.state
        self.room = room
    }

    /// From now on manifests need a share of this.
    public func counts(manifestsIn room: ByteBudget) { state.withLockedValue { $0.manifestRoom = room } }

    /// From now on every question is answered with this failure; nil to work again.
    ///
    /// - Parameter excuse: The error's message; nil for one that says nothing special.
    public func fail(_ kind: UpstreamError.Kind?, saying excuse: String? = nil) {
        state.withLockedValue { state in
            state.failure = kind
            state.excuse = excuse
        }
    }

    /// From now on nothing is answered until this is taken back; who gives up waiting is let go.
    public func beSilent(_ isSilent: Bool) {
        let waiting = state.withLockedValue { state in
            state.isSilent = isSilent
            defer { if !isSilent { state.waiting = [] } }
            return isSilent ? [] : state.waiting
        }
        for continuation in waiting { continuation.finish() }
    }

    /// From now on every manifest is said to have this digest, right or wrong; nil to say what is true.
    public func claim(_ digest: Digest?) { state.withLockedValue { $0.claim = digest } }

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

    private var claimed: Digest? { state.withLockedValue { $0.claim } }

    // MARK: UpstreamRegistry

    public func admitted(
        _ errand: UpstreamErrand, patience: Duration
    ) async throws(UpstreamError) -> any UpstreamRegistry {
        guard let gate else { return self }
        return AdmittedUpstream(upstream: self, pass: try await gate.admit(errand, patience: patience))
    }

    public func granted(_ room: ByteBudget.Share) -> any UpstreamRegistry { ScriptedUpstream(self, room: room) }

    public func headManifest(
        _ repository: RepositoryName, _ reference: Reference, held: Digest?
    ) async throws(UpstreamError) -> UpstreamManifestHead {
        let (bytes, type) = try await found("HEAD manifest \(repository) \(reference)") {
            $0.manifests[reference.description]
        }
        return UpstreamManifestHead(
            digest: claimed ?? Digest(hashing: bytes), mediaType: type, size: Int64(bytes.readableBytes))
    }

    public func manifest(
        _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> UpstreamManifest {
        let (bytes, type) = try await found("GET manifest \(repository) \(reference)") {
            $0.manifests[reference.description]
        }
        var room = room
        if room == nil, let budget = state.withLockedValue({ $0.manifestRoom }) {
            room = budget.reserve(bytes.readableBytes)
            if room == nil {
                throw UpstreamError(
                    .capped(retryAfter: 1), "\(name) finds no room", cause: NoRoomError(bytes: bytes.readableBytes))
            }
        }
        return UpstreamManifest(bytes: bytes, mediaType: type, digest: claimed, room: room)
    }

    public func headBlob(_ repository: RepositoryName, _ digest: Digest) async throws(UpstreamError) -> UpstreamBlobHead
    {
        UpstreamBlobHead(size: try await found("HEAD blob \(repository) \(digest)", { $0.blobs[digest] }).size)
    }

    public func blob(
        _ repository: RepositoryName, _ digest: Digest, range: UpstreamRange?
    ) async throws(UpstreamError) -> UpstreamBlob {
        let part = range.map { "@\($0.offset)-\($0.end.map(String.init) ?? "")\($0.entity ?? "")" } ?? ""
        let blob = try await found("GET blob \(repository) \(digest)\(part)", { $0.blobs[digest] })
        let offset = range?.offset ?? 0
        switch blob {
        case .bytes(let bytes):
            return Self.answer(bytes, offset, end: range?.end)
        case .cut(let bytes, let place):
            return Self.answer(bytes, offset, end: Int64(place), isCut: true)
        case .flapping(let bytes, let step):
            return Self.answer(bytes, offset, end: offset + Int64(step), isCut: true)
        case .withoutRanges(let bytes):
            return Self.answer(bytes, 0, end: nil)
        case .entity(let bytes, let tag, let step):
            let isOther = range?.entity.map { $0 != tag } ?? false
            let start = isOther ? 0 : offset
            let answer = Self.answer(bytes, start, end: start + Int64(step), isCut: true)
            return UpstreamBlob(totalSize: answer.totalSize, offset: start, entity: tag, body: answer.body)
        case .valve(let valve, let size, let entity):
            return UpstreamBlob(totalSize: size, offset: offset, entity: entity, body: valve.body)
        }
    }

    private static func answer(
        _ bytes: ByteBuffer, _ offset: Int64, end: Int64?, isCut: Bool = false
    ) -> UpstreamBlob {
        let size = Int64(bytes.readableBytes)
        let length = Int(max(min(end ?? size, size) - offset, 0))
        let slice = bytes.getSlice(at: bytes.readerIndex + Int(offset), length: length) ?? ByteBuffer()
        let valve = Valve()
        if length > 0 { valve.send(slice) }
        if isCut, end ?? size < size { valve.fail(.cutShort) } else { valve.finish() }
        return UpstreamBlob(totalSize: size, offset: offset, body: valve.body)
    }

    public func tags(
        _ repository: RepositoryName, at place: UpstreamListPlace?, limit: Int
    ) async throws(UpstreamError) -> UpstreamTags {
        let last = place?.query
        let all = try await found("GET tags \(repository) after \(last ?? "")") { state in state.tags as [Tag]? }
        let later = last.map { last in all.filter { $0.value > last } } ?? all
        let page = Array(later.prefix(limit))
        let end = later.count > limit ? page.last : nil
        return UpstreamTags(tags: page, next: end.map { UpstreamListPlace(query: $0.value) })
    }

    public func referrers(_ repository: RepositoryName, _ subject: Digest) async throws(UpstreamError) -> [Descriptor] {
        try await found("GET referrers \(repository) \(subject)") { state in state.referrers[subject] ?? [] }
    }

    private func found<Value>(
        _ question: Question, _ look: (State) -> Value?
    ) async throws(UpstreamError) -> Value {
        let silence = state.withLockedValue { state -> AsyncStream<Never>? in
            state.questions.append(question)
            guard state.isSilent else { return nil }
            let (stream, continuation) = AsyncStream<Never>.makeStream()
            state.waiting.append(continuation)
            return stream
        }
        if let silence {
            for await _ in silence {}
            if Task.isCancelled { throw UpstreamError(.cancelled, "\(name) is not waited for any more") }
        }
        let (failure, excuse, value) = state.withLockedValue { state in (state.failure, state.excuse, look(state)) }
        if let failure { throw UpstreamError(failure, excuse ?? "\(name) was told to fail") }
        guard let value else { throw UpstreamError(.notFound, "\(name) has no such thing") }
        return value
    }
}
