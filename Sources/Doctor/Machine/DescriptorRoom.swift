#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many file descriptors a process may have, beside what the server wants.
public struct DescriptorRoom: Sendable {
    /// What a process can raise its limit to.
    public let limit: UInt64
    /// `server.max_connections`: each takes one, and a second one while it is sent a blob.
    public let connections: Int

    /// The server cannot work with fewer.
    private static let least: UInt64 = 256
    /// For all that is no connection.
    private static let own: UInt64 = 512

    public init(limit: UInt64, connections: Int) {
        self.limit = limit
        self.connections = connections
    }

    /// As it is for this process.
    public static func current(connections: Int) -> DescriptorRoom? {
        var limit = rlimit()
        #if canImport(Glibc)
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let kind = RLIMIT_NOFILE
        #endif
        guard getrlimit(kind, &limit) == 0 else { return nil }
        return DescriptorRoom(limit: UInt64(limit.rlim_max), connections: connections)
    }

    public var finding: Finding {
        let wanted = UInt64(connections) * 2 + Self.own
        let remedy = "raise it (LimitNOFILE= of the service, ulimit -Hn), or lower server.max_connections"
        let here = "a process started here may have \(limit)"
        if limit < Self.least { return Finding(.failure, .machine, "descriptors", here, remedy: remedy) }
        guard limit < wanted else { return Finding(.ok, .machine, "descriptors", here) }
        return Finding(
            .warning, .machine, "descriptors",
            "\(here), and server.max_connections = \(connections) may take up to \(wanted)", remedy: remedy)
    }
}
