public import Tokens

/// `[token]`: this server gives tokens, and takes them.
public struct TokenSection: Sendable, Equatable {
    /// `iss` of the tokens.
    public let issuer: String
    /// Where the keys were read from.
    public let files: Files
    public let keys: TokenKeys
    /// How long a token is valid.
    public let ttl: Seconds
    /// How long a refresh token is.
    public let refreshTTL: Seconds
    /// The registries that tokens are given for. In the order of the file, without repetitions.
    public let services: [ServiceName]
    /// This server's own name among them.
    public let defaultService: ServiceName
    /// Where clients get tokens; nil: at the address by which the client called.
    public let realm: TokenRealm?

    public init(
        issuer: String = standardIssuer, files: Files, keys: TokenKeys, ttl: Seconds = standardTTL,
        refreshTTL: Seconds = standardRefreshTTL, services: [ServiceName], defaultService: ServiceName,
        realm: TokenRealm? = nil
    ) {
        self.issuer = issuer
        self.files = files
        self.keys = keys
        self.ttl = ttl
        self.refreshTTL = refreshTTL
        self.services = services
        self.defaultService = defaultService
        self.realm = realm
    }

    public static let standardIssuer = "entrepot"
    public static let standardTTL = Seconds.seconds(300)
    public static let standardRefreshTTL = Seconds.seconds(30 * 86_400)

    /// Paths of PEM files.
    public struct Files: Sendable, Equatable {
        public let key: String
        public let certificateChain: String?
        public let previousKeys: [String]

        public init(key: String, certificateChain: String? = nil, previousKeys: [String] = []) {
            self.key = key
            self.certificateChain = certificateChain
            self.previousKeys = previousKeys
        }
    }
}
