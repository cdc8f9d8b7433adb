public import NIOCore
public import OCI

/// One registry of a repository's upstream list. Asks once and tells what it heard: choosing the next upstream, sharing
/// an answer among callers and keeping it are not its business.
public protocol UpstreamRegistry: Sendable {
    /// Host and port, for logs, messages and metric labels.
    var name: String { get }

    /// How many requests it still allows; nil if nobody keeps count.
    var budget: RateBudget? { get }

    /// How much of it may be used at a time; nil for as much as anybody wants.
    var gate: UpstreamGate? { get }

    /// The same registry with leave to use it now, for one question: the leave ends with the value, or with the body that
    /// came of it.
    ///
    /// - Parameter patience: How long to wait for a place.
    /// - Throws: `capped` if there was none in that time.
    func admitted(
        _ errand: UpstreamErrand, patience: Duration
    ) async throws(UpstreamError) -> any UpstreamRegistry

    /// The same registry with a share of memory for the next manifest, which ends with the value, or with the manifest.
    func granted(_ room: ByteBudget.Share) -> any UpstreamRegistry

    /// - Parameter held: What is held already: answering that it is this costs the upstream less.
    func headManifest(
        _ repository: RepositoryName, _ reference: Reference, held: Digest?
    ) async throws(UpstreamError) -> UpstreamManifestHead

    /// - Throws: `capped` caused by ``NoRoomError`` where there is no memory for it now.
    func manifest(
        _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> UpstreamManifest

    func headBlob(_ repository: RepositoryName, _ digest: Digest) async throws(UpstreamError) -> UpstreamBlobHead

    /// The blob's bytes. With a `range` only those are asked for; an upstream without ranges may answer with the whole,
    /// which ``UpstreamBlob/offset`` then says.
    func blob(
        _ repository: RepositoryName, _ digest: Digest, range: UpstreamRange?
    ) async throws(UpstreamError) -> UpstreamBlob

    /// One page of tags.
    ///
    /// - Parameter place: What the page before gave as ``UpstreamTags/next``; nil for the first.
    func tags(
        _ repository: RepositoryName, at place: UpstreamListPlace?, limit: Int
    ) async throws(UpstreamError) -> UpstreamTags

    /// The whole list of manifests that name `subject`, from the referrers API or the tag schema; empty if there are none.
    func referrers(_ repository: RepositoryName, _ subject: Digest) async throws(UpstreamError) -> [Descriptor]
}

extension UpstreamRegistry {
    public var budget: RateBudget? { nil }

    public func granted(_ room: ByteBudget.Share) -> any UpstreamRegistry { self }

    public var gate: UpstreamGate? { nil }

    public func admitted(
        _ errand: UpstreamErrand, patience: Duration
    ) async throws(UpstreamError) -> any UpstreamRegistry { self }

    public func headManifest(
        _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> UpstreamManifestHead {
        try await headManifest(repository, reference, held: nil)
    }
}

public struct UpstreamManifestHead: Sendable {
    /// As the upstream claims; nil if it does not say.
    public let digest: Digest?
    public let mediaType: MediaType?
    /// Bytes.
    public let size: Int64?

    public init(digest: Digest?, mediaType: MediaType?, size: Int64?) {
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
    }
}

public struct UpstreamManifest: Sendable {
    public let bytes: ByteBuffer
    /// As sent.
    public let mediaType: MediaType?
    /// As the upstream claims, to be compared with the bytes by whoever trusts nobody.
    public let digest: Digest?
    /// The share of memory that it takes; nil for one so small that it is not counted.
    public let room: ByteBudget.Share?

    public init(bytes: ByteBuffer, mediaType: MediaType?, digest: Digest?, room: ByteBudget.Share? = nil) {
        self.bytes = bytes
        self.mediaType = mediaType
        self.digest = digest
        self.room = room
    }
}

public struct UpstreamBlobHead: Sendable {
    /// Bytes; nil if the upstream does not say.
    public let size: Int64?

    public init(size: Int64?) {
        self.size = size
    }
}

/// Bytes asked for: from `offset`, up to but not including `end`, or to the end of the blob.
public struct UpstreamRange: Sendable, Hashable {
    public let offset: Int64
    public let end: Int64?
    /// What an upstream called the blob when it sent what comes before ``offset``. If it calls it something else by now,
    /// these bytes do not go together.
    public let entity: String?

    public init(from offset: Int64, to end: Int64? = nil, entity: String? = nil) {
        self.offset = offset
        self.end = end
        self.entity = entity
    }
}

public struct UpstreamBlob: Sendable {
    /// Size of the whole blob in bytes; nil if the upstream does not say.
    public let totalSize: Int64?
    /// Where in the blob the body starts.
    public let offset: Int64
    /// The strong validator that came with it (`ETag`), nil if there was none. Means something to the same upstream only.
    public let entity: String?
    public let body: UpstreamBody

    public init(totalSize: Int64?, offset: Int64, entity: String? = nil, body: UpstreamBody) {
        self.totalSize = totalSize
        self.offset = offset
        self.entity = entity
        self.body = body
    }
}

/// Bytes on their way from an upstream, taken piece by piece by one consumer; what is not taken stops the upstream.
/// Letting go of the value ends the transfer.
public struct UpstreamBody: Sendable {
    private let take: @Sendable () async throws(UpstreamError) -> ByteBuffer?

    /// - Parameter take: Answers the next piece, nil at the end, and throws when the body breaks off.
    public init(_ take: @escaping @Sendable () async throws(UpstreamError) -> ByteBuffer?) {
        self.take = take
    }

    /// The next piece, never empty; nil at the end.
    public func next() async throws(UpstreamError) -> ByteBuffer? {
        try await take()
    }
}

/// A place in an upstream's list, which means something to that upstream alone.
public struct UpstreamListPlace: Sendable, Hashable {
    package let query: String

    package init(query: String) {
        self.query = query
    }
}

public struct UpstreamTags: Sendable {
    public let tags: [Tag]
    /// Where the upstream has more; nil at the end.
    public let next: UpstreamListPlace?

    public init(tags: [Tag], next: UpstreamListPlace?) {
        self.tags = tags
        self.next = next
    }
}
