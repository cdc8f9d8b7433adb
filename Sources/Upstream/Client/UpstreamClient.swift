public import CurlClient
public import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore
public import OCI

/// An upstream that speaks the distribution specification's pull side over HTTP.
///
/// It authenticates as the upstream asks, follows redirects without ever taking credentials to another host, and checks
/// that an answer is what was asked for. It does not check bytes against digests: whoever stores them does.
public struct UpstreamClient: UpstreamRegistry {
    package let endpoint: UpstreamEndpoint
    /// Shown to the upstream; those of the moment where they come from a source.
    var credentials: RegistryCredentials?
    let credentialSource: (any CredentialSource)?
    let settings: UpstreamClientSettings
    let curl: CurlClient
    let tokens: TokenCache
    let userAgent: String
    public let budget: RateBudget?
    public let gate: UpstreamGate?
    /// Leave for the next request.
    var pass: UpstreamPass?
    /// Memory for manifests; nil for as much as it takes.
    let manifestRoom: ByteBudget?
    /// A share of it for the next one.
    var room: ByteBudget.Share?
    let logger: Logger
    let now: @Sendable () -> Int64
    /// The upstream has accepted a password: offered from the start from then on.
    let takesBasic = NIOLockedValueBox(false)
    /// In which networks the upstream itself is; nil until it has answered.
    let ownRanges = NIOLockedValueBox<AddressRanges?>(nil)
    let refusedHeads = RefusedHeads()
    let bytesReceived: Counter
    let requestCounters: UpstreamRequestCounters

    public var name: String { endpoint.name }

    /// - Parameters:
    ///   - credentialSource: Takes the place of `credentials` where they can change.
    ///   - manifestRoom: Memory for manifests; nil for as much as it takes.
    ///   - now: Seconds since 1970.
    public init(
        endpoint: UpstreamEndpoint, credentials: RegistryCredentials? = nil,
        credentialSource: (any CredentialSource)? = nil,
        settings: UpstreamClientSettings, curl: CurlClient, tokens: TokenCache,
        userAgent: String, budget: RateBudget? = nil, gate: UpstreamGate? = nil,
        manifestRoom: ByteBudget? = nil, logger: Logger,
        now: @escaping @Sendable () -> Int64 = SystemTime.seconds
    ) {
        self.endpoint = endpoint
        self.credentials = credentials
        self.credentialSource = credentialSource
        self.settings = settings
        self.curl = curl
        self.tokens = tokens
        self.userAgent = userAgent
        self.budget = budget
        self.gate = gate
        self.manifestRoom = manifestRoom
        self.logger = logger
        self.now = now
        requestCounters = UpstreamRequestCounters(upstream: endpoint.name)
        bytesReceived = Counter(label: "entrepot_upstream_bytes_total", dimensions: [("upstream", endpoint.name)])
    }

    public func admitted(
        _ errand: UpstreamErrand, patience: Duration
    ) async throws(UpstreamError) -> any UpstreamRegistry {
        try await entering(errand, patience: patience)
    }

    /// The same, as what it is.
    package func entering(
        _ errand: UpstreamErrand, patience: Duration
    ) async throws(UpstreamError) -> UpstreamClient {
        guard let gate else { return self }
        var client = self
        client.pass = try await gate.admit(errand, patience: patience)
        return client
    }

    public func granted(_ room: ByteBudget.Share) -> any UpstreamRegistry {
        var client = self
        client.room = room
        return client
    }

    /// A share for as much as is announced, or allowed if nothing is.
    private func room(for answer: CurlResponse) throws(UpstreamError) -> ByteBudget.Share? {
        if let room { return room }
        let most = settings.maxManifestSize
        let bytes = Self.isCompressed(answer) ? most : answer.contentLength.map { Int(clamping: $0) } ?? most
        // What is too large is refused by whoever reads it.
        guard let manifestRoom, (ByteBudget.uncounted + 1...most).contains(bytes) else { return nil }
        guard let room = manifestRoom.reserve(bytes) else {
            throw UpstreamError(
                .capped(retryAfter: 1), "\(name) sends a manifest while there is no memory left for large ones",
                cause: NoRoomError(bytes: bytes))
        }
        return room
    }

    // MARK: manifests

    public func headManifest(
        _ repository: RepositoryName, _ reference: Reference, held: Digest?
    ) async throws(UpstreamError) -> UpstreamManifestHead {
        try await observed(.headManifest) { () async throws(UpstreamError) in
            var headers = Self.manifestHeaders
            // Registries make the digest the entity tag; those that do not will simply answer as if unasked.
            if let held { headers.set("If-None-Match", "\"\(held)\"") }
            let answer = try await head(
                repository, "manifests/\(reference)", headers, accepted: held == nil ? [200] : [200, 304])
            let (digest, mediaType) = try manifestHeaders(of: answer, reference)
            if answer.status == 304 { return UpstreamManifestHead(digest: digest ?? held, mediaType: nil, size: nil) }
            // The length of a compressed answer is not the manifest's.
            let size = Self.isCompressed(answer) ? nil : answer.contentLength
            return UpstreamManifestHead(digest: digest, mediaType: mediaType, size: size)
        }
    }

    public func manifest(
        _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> UpstreamManifest {
        try await observed(.manifest) { () async throws(UpstreamError) in
            let ask = try UpstreamRequest(
                .get, repository, "manifests/\(reference)", headers: Self.manifestHeaders, within: endpoint)
            let answer = try await send(ask)
            let (digest, mediaType) = try manifestHeaders(of: answer, reference)
            let room = try room(for: answer)
            let bytes = try await whole(answer, upTo: settings.maxManifestSize)
            room?.shrink(to: bytes.readableBytes)
            return UpstreamManifest(bytes: bytes, mediaType: mediaType, digest: digest, room: room)
        }
    }

    /// All that the registry can store, whatever the client at hand understands: a narrower list would let one client
    /// decide what a tag means for all. Schema 1 is not among them, and no wildcard that could bring it in.
    package static let manifestHeaders: CurlHeaders = [
        "Accept": [
            MediaType.imageIndex.value, MediaType.imageManifest.value, MediaType.dockerManifestList.value,
            MediaType.dockerManifest.value, "application/vnd.oci.artifact.manifest.v1+json",
        ].joined(separator: ", ")
    ]

    private func manifestHeaders(
        of answer: CurlResponse, _ reference: Reference
    ) throws(UpstreamError) -> (Digest?, MediaType?) {
        let mediaType = answer.headers["Content-Type"].flatMap { MediaType(field: $0) }
        if let mediaType, mediaType.isSchema1 {
            throw invalid("sent a manifest of Docker's schema 1, which is not supported; push the image anew there")
        }
        let digest = answer.headers["Docker-Content-Digest"].flatMap { Digest($0) }
        if let digest, case .digest(let asked) = reference, asked.algorithm == digest.algorithm, asked != digest {
            throw invalid("answered with another manifest than the one asked for")
        }
        return (digest, mediaType)
    }

    // MARK: blobs

    public func headBlob(
        _ repository: RepositoryName, _ digest: Digest
    ) async throws(UpstreamError) -> UpstreamBlobHead {
        try await observed(.headBlob) { () async throws(UpstreamError) in
            let answer = try await head(repository, "blobs/\(digest)", part: "bytes=0-0")
            if Self.isCompressed(answer) { return UpstreamBlobHead(size: nil) }
            let size =
                switch answer.status {
                case 206: answer.headers["Content-Range"].flatMap { ContentRange($0) }?.total
                // There is no first byte.
                case 416: Int64(0)
                default: answer.contentLength
                }
            return UpstreamBlobHead(size: size)
        }
    }

    public func blob(
        _ repository: RepositoryName, _ digest: Digest, range: UpstreamRange?
    ) async throws(UpstreamError) -> UpstreamBlob {
        try await observed(.blob) { () async throws(UpstreamError) in
            let range = range.flatMap { $0.offset == 0 && $0.end == nil ? nil : $0 }
            var ask = try UpstreamRequest(.get, repository, "blobs/\(digest)", within: endpoint)
            ask.isWhole = false
            if let range {
                ask.headers.set("Range", "bytes=\(range.offset)-\(range.end.map { String($0 - 1) } ?? "")")
                ask.accepted = [200, 206]
                if let entity = range.entity { ask.headers.set("If-Range", entity) }
            }
            return try blob(from: try await send(ask), range)
        }
    }
}
