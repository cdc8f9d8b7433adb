public import Access
public import OCI

/// `[server]`: where to listen and the bounds every client is held to.
public struct ServerSection: Sendable, Equatable {
    public internal(set) var bindAddress: BindAddress
    /// 0 lets the system choose.
    public internal(set) var port: Int
    /// How long one request may take. A connection of this age closes with the answer under way.
    public let queryTimeout: Seconds
    /// What a request gets on top of `queryTimeout` before it is cut.
    public let queryTimeoutGracePeriod: Seconds
    /// The most bytes read ahead for one stream.
    public let streamingChunkSize: DataSize
    /// The repository that takes names which match no other, as Docker's `registry-mirrors` sends them.
    public let defaultRepository: RepositoryName?
    public let maxConnections: Int
    /// Whose word is taken for whom a request or a connection comes from.
    public let trustedProxies: [ClientAddressBlock]
    /// Whether connections of theirs begin with a header of the PROXY protocol.
    public let proxyProtocol: Bool
    /// Request line and header fields together.
    public let maxHeaderSize: DataSize
    public let maxManifestSize: DataSize
    /// Of all large manifests that arrive at the same time, from clients and upstreams.
    public let maxManifestMemory: DataSize
    public let maxBlobSize: DataSize
    public let handshakeTimeout: Seconds
    /// From the first byte of a request to the end of its header.
    public let headerTimeout: Seconds
    /// How long a kept-alive connection may be silent between requests.
    public let idleTimeout: Seconds
    /// How long a transfer may make no progress in either direction.
    public let stallTimeout: Seconds
    /// On a stop signal: how long readiness is already gone while connections are still accepted.
    public let shutdownDelay: Seconds
    /// On a stop signal: how long transfers in flight may go on.
    public let shutdownGracePeriod: Seconds
    /// Absent: plain HTTP.
    public internal(set) var tls: ServerTLSSection?

    public init(
        bindAddress: BindAddress = .loopback,
        port: Int = 5000,
        queryTimeout: Seconds = .seconds(3600),
        queryTimeoutGracePeriod: Seconds = .seconds(60),
        streamingChunkSize: DataSize = .mebibytes(50),
        defaultRepository: RepositoryName? = nil,
        maxConnections: Int = 10_000,
        trustedProxies: [ClientAddressBlock] = [],
        proxyProtocol: Bool = false,
        maxHeaderSize: DataSize = .kibibytes(32),
        maxManifestSize: DataSize = .mebibytes(4),
        maxManifestMemory: DataSize = .mebibytes(16),
        maxBlobSize: DataSize = .gibibytes(64),
        handshakeTimeout: Seconds = .seconds(10),
        headerTimeout: Seconds = .seconds(30),
        idleTimeout: Seconds = .seconds(50),
        stallTimeout: Seconds = .seconds(50),
        shutdownDelay: Seconds = .seconds(0),
        shutdownGracePeriod: Seconds = .seconds(60),
        tls: ServerTLSSection? = nil
    ) {
        self.bindAddress = bindAddress
        self.port = port
        self.queryTimeout = queryTimeout
        self.queryTimeoutGracePeriod = queryTimeoutGracePeriod
        self.streamingChunkSize = streamingChunkSize
        self.defaultRepository = defaultRepository
        self.maxConnections = maxConnections
        self.trustedProxies = trustedProxies
        self.proxyProtocol = proxyProtocol
        self.maxHeaderSize = maxHeaderSize
        self.maxManifestSize = maxManifestSize
        self.maxManifestMemory = maxManifestMemory
        self.maxBlobSize = maxBlobSize
        self.handshakeTimeout = handshakeTimeout
        self.headerTimeout = headerTimeout
        self.idleTimeout = idleTimeout
        self.stallTimeout = stallTimeout
        self.shutdownDelay = shutdownDelay
        self.shutdownGracePeriod = shutdownGracePeriod
        self.tls = tls
    }
}
