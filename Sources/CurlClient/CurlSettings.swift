/// How one request is to be made: trust, identity, time limits and sizes.
public struct CurlSettings: Sendable, Hashable {
    /// Which certificate authorities may vouch for the server.
    public enum TrustRoots: Sendable, Hashable {
        /// The system's.
        case system
        /// Only those in the PEM file at this path.
        case bundle(String)
        /// Those in the PEM file at this path, and the system's.
        case bundleAndSystem(String)
    }

    /// What the client shows a server that asks who it is. A connection made with one is never used with another: given
    /// as bytes, that holds also for another version of the same file.
    public struct ClientIdentity: Sendable, Hashable {
        public enum PEM: Sendable, Hashable {
            case file(String)
            case bytes([UInt8])
        }

        /// With what lies between it and its authority.
        public var certificate: PEM
        public var privateKey: PEM

        public init(certificate: PEM, privateKey: PEM) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    /// A transfer that moves fewer than `bytesPerSecond` for `window` is given up. Time in which the reader of
    /// the body holds the transfer back does not count. libcurl measures in whole seconds.
    public struct StallLimit: Sendable, Hashable {
        public var bytesPerSecond: Int
        public var window: Duration

        public init(bytesPerSecond: Int, window: Duration) {
            self.bytesPerSecond = bytesPerSecond
            self.window = window
        }
    }

    public var trustRoots: TrustRoots
    public var clientIdentity: ClientIdentity?
    /// Name lookup, TCP, proxy and TLS handshake together.
    public var connectTimeout: Duration
    public var stall: StallLimit
    /// From start to last byte; `nil` sets no limit beyond `stall`. Time in which the reader holds back counts.
    public var totalTimeout: Duration?
    /// Limit on all header lines of all (also interim) responses together, in bytes.
    public var maxResponseHeaderBytes: Int
    /// Offer HTTP/2 over TLS.
    public var allowsHTTP2: Bool
    /// Where the server must not be, whatever its name. Looked at where a connection is made, so that a name cannot mean one
    /// address when it is checked and another when it is asked. Not through a proxy, which decides for itself.
    public var refusedRanges: AddressRanges
    /// The most that one read from the socket may take, in bytes; held once for each running transfer.
    public var receiveBufferSize: Int
    /// How many bytes of the body may wait unread before the transfer pauses.
    public var readAhead: Int
    /// Bytes a second that are sent at most, on average; `nil` sets no limit.
    public var sendRate: Int?

    public static let usualReadAhead = 2 << 20

    public init(
        trustRoots: TrustRoots = .system,
        clientIdentity: ClientIdentity? = nil,
        connectTimeout: Duration = .seconds(5),
        stall: StallLimit = StallLimit(bytesPerSecond: 1024, window: .seconds(30)),
        totalTimeout: Duration? = nil,
        maxResponseHeaderBytes: Int = 64 << 10,
        allowsHTTP2: Bool = true,
        refusedRanges: AddressRanges = [],
        receiveBufferSize: Int = 256 << 10,
        readAhead: Int = usualReadAhead,
        sendRate: Int? = nil
    ) {
        self.trustRoots = trustRoots
        self.clientIdentity = clientIdentity
        self.connectTimeout = connectTimeout
        self.stall = stall
        self.totalTimeout = totalTimeout
        self.maxResponseHeaderBytes = maxResponseHeaderBytes
        self.allowsHTTP2 = allowsHTTP2
        self.refusedRanges = refusedRanges
        self.receiveBufferSize = receiveBufferSize
        self.readAhead = readAhead
        self.sendRate = sendRate
    }
}
