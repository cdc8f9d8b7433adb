/// How a Redis is reached and used.
public struct RedisSettings: Sendable {
    /// Where the server is.
    public enum Location: Hashable, Sendable {
        case server(RedisAddress)
        /// Who is master is asked of these, one after the other.
        case sentinels([RedisAddress], master: String)
    }

    public var location: Location
    public var username: String?
    /// Read at each new connection, so that a rotated file is taken on; nil for none.
    public var password: (@Sendable () -> String?)?
    public var database: Int
    /// Before every key.
    public var keyPrefix: String
    public var connectTimeout: Duration
    /// For one command; a server that is slower counts as gone.
    public var commandTimeout: Duration
    /// Connections, and threads that wait for answers.
    public var connections: Int

    public init(
        _ location: Location, username: String? = nil, password: (@Sendable () -> String?)? = nil, database: Int = 0,
        keyPrefix: String = "entrepot:", connectTimeout: Duration = .seconds(1), commandTimeout: Duration = .seconds(1),
        connections: Int = 4
    ) {
        self.location = location
        self.username = username
        self.password = password
        self.database = database
        self.keyPrefix = keyPrefix
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
        self.connections = connections
    }
}
