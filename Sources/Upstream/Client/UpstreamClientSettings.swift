public import CurlClient

/// How an upstream is reached, and how much of it is put up with.
public struct UpstreamClientSettings: Sendable, Hashable {
    /// PEM file of the authorities that vouch for the upstream instead of the system's. Hosts it redirects to, and the
    /// token service it names, may be vouched for by either.
    public var authorityBundle: String?
    /// Shown to the upstream itself only.
    public var clientIdentity: CurlSettings.ClientIdentity?
    public var connectTimeout: Duration
    /// How long next to nothing may arrive.
    public var stallTimeout: Duration
    /// For whole answers that are not blobs.
    public var answerTimeout: Duration
    public var maxRedirects: Int
    /// Whether redirects and token services may be in private networks in which the upstream itself is not.
    public var allowsPrivateRedirects: Bool
    /// Bytes.
    public var maxManifestSize: Int
    /// Bytes of a page of tags, and of all pages of referrers together.
    public var maxListSize: Int

    public init(
        authorityBundle: String? = nil, clientIdentity: CurlSettings.ClientIdentity? = nil,
        connectTimeout: Duration, stallTimeout: Duration, answerTimeout: Duration = .seconds(60), maxRedirects: Int,
        allowsPrivateRedirects: Bool, maxManifestSize: Int, maxListSize: Int = 4 << 20
    ) {
        self.authorityBundle = authorityBundle
        self.clientIdentity = clientIdentity
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
        self.answerTimeout = answerTimeout
        self.maxRedirects = maxRedirects
        self.allowsPrivateRedirects = allowsPrivateRedirects
        self.maxManifestSize = maxManifestSize
        self.maxListSize = maxListSize
    }
}
