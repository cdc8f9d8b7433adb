/// `[[repository."<namespace>".upstream]]`: one registry to pull from, and how to reach it.
public struct UpstreamSection: Sendable, Equatable {
    public let url: UpstreamURL
    /// Redirects followed for one request.
    public let maxRedirect: Int
    /// Whether these, and token services, may lie in private networks in which the upstream is not.
    public let allowsPrivateRedirects: Bool
    /// PEM file that replaces the system's CA certificates for this upstream.
    public let serverCABundle: String?
    public let clientCertificate: ClientCertificate?
    /// Absent: anonymous.
    public let credentials: UpstreamCredentials?
    /// The program that knows the credentials, where they are not given here; a name or a path.
    public let credentialHelper: String?
    public let connectTimeout: Seconds
    /// How long a transfer may make no progress before the next upstream is tried.
    public let stallTimeout: Seconds
    /// Requests to this host, for this account, at a time; absent: any number.
    public let maxConnections: Int?
    /// Bytes a second from this host, for this account; absent: any number.
    public let maxBandwidth: DataSize?

    public init(
        url: UpstreamURL,
        maxRedirect: Int = 5,
        allowsPrivateRedirects: Bool = false,
        serverCABundle: String? = nil,
        clientCertificate: ClientCertificate? = nil,
        credentials: UpstreamCredentials? = nil,
        credentialHelper: String? = nil,
        connectTimeout: Seconds = .seconds(5),
        stallTimeout: Seconds = .seconds(30),
        maxConnections: Int? = nil,
        maxBandwidth: DataSize? = nil
    ) {
        self.url = url
        self.maxRedirect = maxRedirect
        self.allowsPrivateRedirects = allowsPrivateRedirects
        self.serverCABundle = serverCABundle
        self.clientCertificate = clientCertificate
        self.credentials = credentials
        self.credentialHelper = credentialHelper
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
        self.maxConnections = maxConnections
        self.maxBandwidth = maxBandwidth
    }

    /// As it is written in the configuration.
    static func helperName(_ program: String) -> String {
        program.hasPrefix("/") ? program : String(program.dropFirst("docker-credential-".count))
    }

    /// Paths of PEM files.
    public struct ClientCertificate: Sendable, Equatable {
        public let certificate: String
        public let privateKey: String

        public init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }
}
