/// What the admin API may do with the server as a whole.
public protocol ServerControl: Sendable {
    var report: ServerReport { get }

    /// Reads the configuration anew and takes it on if it is valid; nil if the server is stopping or has too many such
    /// wishes at once.
    func reload() async -> ReloadReport?
}

/// What a server tells of itself.
public struct ServerReport: Sendable, Encodable {
    var version: String
    /// RFC 3339.
    var started: String
    var uptimeSeconds: Int64
    var configurationFiles: [String]
    /// How many configurations have been in force, this one included.
    var generation: Int
    var lastReload: ReloadReport?
    /// Keys whose values in the files wait for a restart.
    var restartRequired: [String]
    /// Nil where there is one replica.
    var coordination: CoordinationReport?
    var connections: Int
    var requestsInFlight: Int

    public init(
        version: String, started: String, uptimeSeconds: Int64, configurationFiles: [String], generation: Int,
        lastReload: ReloadReport?, restartRequired: [String], coordination: CoordinationReport? = nil, connections: Int,
        requests: Int
    ) {
        self.version = version
        self.started = started
        self.uptimeSeconds = uptimeSeconds
        self.configurationFiles = configurationFiles
        self.generation = generation
        self.lastReload = lastReload
        self.restartRequired = restartRequired
        self.coordination = coordination
        self.connections = connections
        requestsInFlight = requests
    }
}
