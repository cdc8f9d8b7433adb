/// `[lock_store.redis]` or `[cache_store.redis]`: a Redis that all replicas use.
public struct RedisSection: Sendable, Equatable {
    public enum Location: Sendable, Equatable {
        case server(RedisURL)
        /// Who is master is asked of the sentinels; the URL gives user and database, if there is one.
        case sentinels([ListenAddress], master: String, RedisURL?)
    }

    public var location: Location
    /// Where the password is read anew for each connection; nil for one in the URL, or none.
    public var passwordFile: String?
    public var keyPrefix = RedisSection.standardKeyPrefix
    /// How long a lock outlives a holder that died.
    public var ttl = RedisSection.standardTTL
    public var connectTimeout: Seconds = .seconds(1)
    public var timeout: Seconds = .seconds(1)
    public var connections = 4

    public static let standardKeyPrefix = "entrepot:"
    public static let standardTTL: Seconds = .seconds(15)

    public init(_ location: Location) { self.location = location }

    public var url: RedisURL? {
        switch location {
        case .server(let url): url
        case .sentinels(_, _, let url): url
        }
    }
}
