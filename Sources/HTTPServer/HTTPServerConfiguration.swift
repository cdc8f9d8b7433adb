/// Where the edge listens and what it allows. Every wait and every size is bounded.
public struct HTTPServerConfiguration: Sendable {
    /// A numeric address or host name to bind to.
    public var address: String
    /// 0 picks a free port.
    public var port: Int
    /// Nil serves in the clear.
    public var tls: TLSMaterial?
    /// The request line and all fields together, in bytes; beyond it 431.
    public var maxHeaderBytes = 32 * 1024
    /// Connections beyond this are closed as soon as they are accepted: a client that is told at once can go
    /// elsewhere, one that waits in the accept queue cannot.
    public var maxConnections = 10_000
    /// Requests being answered at the same time over all connections; beyond it they wait.
    public var maxConcurrentRequests = 1_024
    /// Requests that wait for others to be answered, each client's in turn; beyond it ``Refusal/tooManyRequests``.
    public var maxWaitingRequests = 0
    /// How long a request waits for others, before it is refused as well.
    public var requestPatience: Duration = .seconds(5)
    /// From accept to the end of the TLS handshake, or of the PROXY protocol's header.
    public var handshakeTimeout: Duration = .seconds(10)
    /// From the first byte of a head to its last.
    public var headerTimeout: Duration = .seconds(30)
    /// How long a connection may wait without a request.
    public var idleTimeout: Duration = .seconds(50)
    /// A client that has bytes to take and takes none at all for so long is cut.
    public var writeStallTimeout: Duration = .seconds(50)
    /// A client that owes bytes of a request body and sends none for so long is cut.
    public var bodyStallTimeout: Duration = .seconds(50)
    /// After this age a connection closes with the response under way, or at once where there is none.
    public var connectionAge: Duration = .seconds(3600)
    /// How long that last response may still take.
    public var connectionAgeGrace: Duration = .seconds(60)
    /// How long responses under way may still take after a graceful shutdown began.
    public var shutdownGrace: Duration = .seconds(60)
    /// Nil takes nobody's word for whom it speaks. New connections and requests are held to it.
    public var trustedProxies: TrustedProxies?
    /// The `Server` field.
    public var serverName = "entrepot"

    public init(address: String = "127.0.0.1", port: Int, tls: TLSMaterial? = nil) {
        self.address = address
        self.port = port
        self.tls = tls
    }

    /// The largest request body that is read and thrown away to keep a connection whose handler did not want it.
    static let maxDrainedBytes: Int64 = 256 * 1024
    /// How long a connection that is closing still reads, so that the client gets the response and not a reset.
    static let lingerTimeout: Duration = .seconds(5)
    static let maxHeaderFields = 128
    /// How much of a response may wait in memory for a slow client before its producer is suspended.
    static let maxUnsentBytes = 64 * 1024
}
