/// Where the edge listens and what it allows. Every wait and every size is bounded, by what whoever runs it says: it has no
/// defaults of its own.
public struct HTTPServerConfiguration: Sendable {
    /// A numeric address or host name to bind to.
    public var address: String
    /// 0 picks a free port.
    public var port: Int
    /// Nil serves in the clear.
    public var tls: TLSMaterial?
    /// The request line and all fields together, in bytes; beyond it 431.
    public var maxHeaderBytes: Int
    /// Connections beyond this are closed as soon as they are accepted: a client that is told at once can go
    /// elsewhere, one that waits in the accept queue cannot.
    public var maxConnections: Int
    /// Requests being answered at the same time over all connections; beyond it they wait.
    public var maxConcurrentRequests: Int
    /// Requests that wait for others to be answered, each client's in turn; beyond it ``RequestError/tooManyRequests``.
    public var maxWaitingRequests: Int
    /// How long a request waits for others, before it is refused as well.
    public var requestPatience: Duration
    /// From accept to the end of the TLS handshake, or of the PROXY protocol's header.
    public var handshakeTimeout: Duration
    /// From the first byte of a head to its last.
    public var headerTimeout: Duration
    /// How long a connection may wait without a request.
    public var idleTimeout: Duration
    /// A client that has bytes to take and takes none at all for so long is cut.
    public var writeStallTimeout: Duration
    /// A client that owes bytes of a request body and sends none for so long is cut.
    public var bodyStallTimeout: Duration
    /// After this age a connection closes with the response under way, or at once where there is none. How long one
    /// request may take as well, but for ``connectionAgeGrace``.
    public var connectionAge: Duration
    /// A request that takes so much longer than ``connectionAge`` is cut, however old its connection is.
    public var connectionAgeGrace: Duration
    /// How long responses under way may still take after a graceful shutdown began.
    public var shutdownGrace: Duration
    /// Nil takes nobody's word for whom it speaks. New connections and requests are held to it.
    public var trustedProxies: TrustedProxies?
    /// The `Server` field.
    public var serverName = "entrepot"

    public init(
        address: String, port: Int, tls: TLSMaterial? = nil, maxHeaderBytes: Int, maxConnections: Int,
        maxConcurrentRequests: Int, maxWaitingRequests: Int, requestPatience: Duration, handshakeTimeout: Duration,
        headerTimeout: Duration, idleTimeout: Duration, writeStallTimeout: Duration, bodyStallTimeout: Duration,
        connectionAge: Duration, connectionAgeGrace: Duration,
        shutdownGrace: Duration, trustedProxies: TrustedProxies? = nil
    ) {
        self.address = address
        self.port = port
        self.tls = tls
        self.maxHeaderBytes = maxHeaderBytes
        self.maxConnections = maxConnections
        self.maxConcurrentRequests = maxConcurrentRequests
        self.maxWaitingRequests = maxWaitingRequests
        self.requestPatience = requestPatience
        self.handshakeTimeout = handshakeTimeout
        self.headerTimeout = headerTimeout
        self.idleTimeout = idleTimeout
        self.writeStallTimeout = writeStallTimeout
        self.bodyStallTimeout = bodyStallTimeout
        self.connectionAge = connectionAge
        self.connectionAgeGrace = connectionAgeGrace
        self.shutdownGrace = shutdownGrace
        self.trustedProxies = trustedProxies
    }

    /// The largest request body that is read and thrown away to keep a connection whose handler did not want it.
    static let maxDrainedBytes: Int64 = 256 * 1024
    /// How long that may take.
    static let drainTimeout: Duration = .seconds(5)
    /// How long a connection that is closing still reads, so that the client gets the response and not a reset.
    static let lingerTimeout: Duration = .seconds(5)
    static let maxHeaderFields = 128
    /// How much of a response may wait in memory for a slow client before its producer is suspended.
    static let maxUnsentBytes = 64 * 1024
}
