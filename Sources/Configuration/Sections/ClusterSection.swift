/// `[cluster]`: replicas that hand each other what they fetch.
public struct ClusterSection: Sendable, Equatable {
    /// Where the other replicas reach this one; nil is what it listens on.
    public var advertiseURL: UpstreamURL?
    /// What all replicas know and nobody else.
    public var secret: Secret
    public var secretFile: String
    /// Authorities for the other replicas' certificates; nil is the system's.
    public var caBundle: String?

    public init(advertiseURL: UpstreamURL? = nil, secret: Secret, secretFile: String, caBundle: String? = nil) {
        self.advertiseURL = advertiseURL
        self.secret = secret
        self.secretFile = secretFile
        self.caBundle = caBundle
    }
}
