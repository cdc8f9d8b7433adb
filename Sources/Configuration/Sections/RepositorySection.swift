public import OCI

/// `[repository."<namespace>"]`: one namespace of this registry. With upstreams it is a mirror, without it is local.
public struct RepositorySection: Sendable, Equatable {
    /// The prefix, on a path-component boundary, of the names this section rules.
    public let name: RepositoryName
    /// The registry a mirror stands for: what clients send as `?ns=`.
    public let namespace: RegistryHost?
    /// How long a tag is served without asking the upstream again; 0 asks each time.
    public let tagTTL: Seconds
    public let freshness: FreshnessSection
    /// Fill in what nobody asks for of an image that was pulled.
    public let completeOnPull: Bool
    /// Never ask the upstreams.
    public let isOffline: Bool
    /// In the order they are asked.
    public let upstreams: [UpstreamSection]

    public var isMirror: Bool { !upstreams.isEmpty }

    /// - Parameter namespace: nil stands for the name itself where that is a host (`docker.io`), else for none.
    public init(
        name: RepositoryName,
        namespace: RegistryHost? = nil,
        tagTTL: Seconds = .seconds(60),
        freshness: FreshnessSection = FreshnessSection(),
        completeOnPull: Bool = true,
        isOffline: Bool = false,
        upstreams: [UpstreamSection] = []
    ) {
        self.name = name
        self.namespace = namespace ?? RegistryHost(impliedBy: name)
        self.tagTTL = tagTTL
        self.freshness = freshness
        self.completeOnPull = completeOnPull
        self.isOffline = isOffline
        self.upstreams = upstreams
    }
}
