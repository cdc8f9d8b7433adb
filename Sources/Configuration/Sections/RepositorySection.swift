public import Access
public import OCI
public import Retention

/// `[repository."<namespace>"]`: one namespace of this registry. With upstreams it is a mirror or an overlay, without it
/// is local.
public struct RepositorySection: Sendable, Equatable {
    /// Where content comes from, and whether clients may push.
    public enum Mode: String, Sendable, CaseIterable {
        /// From the upstreams alone.
        case mirror
        /// From clients alone.
        case local
        /// From clients, and from the upstreams what no client pushed.
        case overlay
    }

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
    /// HTTP status for writes to a mirror.
    public let writeRefusalStatus: Int
    /// Whether manifests may be pushed before, or without, what they name; nil for indexes only.
    public let allowsMissingReferences: Bool?
    /// Rules for what is kept of a local namespace, beside those for all.
    public let retentionPolicy: RetentionPolicy
    /// Of this namespace, beside the limits for all.
    public let cache: CacheSection
    /// Asked after the global one, or `global.default_access` in its place, which it can only narrow.
    public let accessPolicy: AccessPolicy?
    /// Never `local` with upstreams, and nothing else without.
    public let mode: Mode
    /// In the order they are asked.
    public let upstreams: [UpstreamSection]

    public var isMirror: Bool { mode == .mirror }

    /// - Parameters:
    ///   - namespace: nil stands for the name itself where that is a host (`docker.io`), else for none.
    ///   - mode: nil for what goes with the upstreams: a mirror if there are some, else local.
    public init(
        name: RepositoryName,
        namespace: RegistryHost? = nil,
        mode: Mode? = nil,
        tagTTL: Seconds = .seconds(60),
        freshness: FreshnessSection = FreshnessSection(),
        completeOnPull: Bool = true,
        isOffline: Bool = false,
        writeRefusalStatus: Int = 405,
        allowsMissingReferences: Bool? = nil,
        retentionPolicy: RetentionPolicy = RetentionPolicy(),
        cache: CacheSection = CacheSection(),
        accessPolicy: AccessPolicy? = nil,
        upstreams: [UpstreamSection] = []
    ) {
        self.name = name
        self.namespace = namespace ?? RegistryHost(impliedBy: name)
        self.mode = upstreams.isEmpty ? .local : mode == .overlay ? .overlay : .mirror
        self.tagTTL = tagTTL
        self.freshness = freshness
        self.completeOnPull = completeOnPull
        self.isOffline = isOffline
        self.writeRefusalStatus = writeRefusalStatus
        self.allowsMissingReferences = allowsMissingReferences
        self.retentionPolicy = retentionPolicy
        self.cache = cache
        self.accessPolicy = accessPolicy
        self.upstreams = upstreams
    }
}
