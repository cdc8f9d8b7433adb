public import CurlClient
internal import Upstream

/// How a registry is spoken to, and how much of it is used.
public struct RemoteRegistrySettings: Sendable {
    /// PEM file of the authorities that vouch for it instead of the system's.
    public var authorityBundle: String?
    /// Shown to it if it asks.
    public var clientIdentity: CurlSettings.ClientIdentity?
    /// Requests at a time; nil for any number.
    public var connections: Int?
    /// Bytes a second, each way, of all transfers together; nil for any number.
    public var bytesPerSecond: Int?
    /// Bytes of one request of an upload. Nil for all at once, as long as the registry takes that: one that answers 413
    /// gets smaller parts.
    public var chunkSize: Int64?
    /// How often something is tried that fails for a reason that passes.
    public var attempts: Int
    /// How long a registry is waited for that wants to be left alone, and other transfers where there is a limit.
    public var patience: Duration
    /// How long next to nothing may come or go. A registry may take its time to check what was pushed.
    public var stallTimeout: Duration
    public var userAgent: String

    public init(
        authorityBundle: String? = nil, clientIdentity: CurlSettings.ClientIdentity? = nil, connections: Int? = 4,
        bytesPerSecond: Int? = nil, chunkSize: Int64? = nil, attempts: Int = 5, patience: Duration = .seconds(600),
        stallTimeout: Duration = .seconds(120), userAgent: String = "entrepot-registry-client"
    ) {
        self.authorityBundle = authorityBundle
        self.clientIdentity = clientIdentity
        self.connections = connections
        self.bytesPerSecond = bytesPerSecond
        self.chunkSize = chunkSize
        self.attempts = attempts
        self.patience = patience
        self.stallTimeout = stallTimeout
        self.userAgent = userAgent
    }

    /// Bytes of a manifest.
    static let maxManifestSize = 16 << 20

    var caps: UpstreamCaps { UpstreamCaps(connections: connections, bytesPerSecond: bytesPerSecond) }

    /// Of one upload, so that all of them together keep to the limit.
    var sendRate: Int? { bytesPerSecond.map { max($0 / max(connections ?? 4, 1), 1) } }

    var client: UpstreamClientSettings {
        UpstreamClientSettings(
            authorityBundle: authorityBundle, clientIdentity: clientIdentity, connectTimeout: .seconds(10),
            stallTimeout: stallTimeout, maxRedirects: 5, allowsPrivateRedirects: true,
            maxManifestSize: Self.maxManifestSize)
    }
}
