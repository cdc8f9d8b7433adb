public import OCI
public import Upstream

/// A configured part of the name space: repositories below one key, from a list of upstreams or held here alone.
public struct Namespace: Sendable {
    /// The path prefix that selects it.
    public let key: RepositoryName
    /// The registry host it stands for in `?ns=`.
    public let host: String?
    /// In the order in which they are tried; empty for a local namespace.
    public let upstreams: [any UpstreamRegistry]
    /// Whether what it holds came from clients alone.
    public let isLocal: Bool
    /// Whether names of one component mean `library/...`, as on Docker Hub.
    public let impliesLibrary: Bool
    /// What of it may be served how long.
    public let freshness: Freshness
    /// Its upstreams are never asked.
    public let isOffline: Bool
    /// Fill in what nobody asks for of an image whose manifest was pulled.
    public let completesPulls: Bool
    public let pushes: PushRules

    /// - Parameter isLocal: Nil goes by whether there are upstreams.
    public init(
        key: RepositoryName, host: String?, upstreams: [any UpstreamRegistry], impliesLibrary: Bool = false,
        freshness: Freshness, isOffline: Bool = false, completesPulls: Bool, pushes: PushRules, isLocal: Bool? = nil
    ) {
        self.key = key
        self.host = host
        self.upstreams = upstreams
        self.isLocal = isLocal ?? upstreams.isEmpty
        self.impliesLibrary = impliesLibrary
        self.freshness = freshness
        self.isOffline = isOffline
        self.completesPulls = completesPulls
        self.pushes = pushes
    }

    /// Whether clients may push here.
    public var isWritable: Bool { isLocal || pushes.isOverlay }
}
