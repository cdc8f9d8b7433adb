internal import Access
internal import OCI

extension Configuration {
    /// The keys, and the tables, whose change takes effect only when the server starts anew.
    public static let restartKeys = [
        "server.bind_address", "server.port", "server.tls", "storage.fs.root_dir", "storage.s3", "observability.listen",
        "observability.tracing", "notifications.endpoint", "audit.sink",
    ]

    /// Those of ``restartKeys`` in which this configuration differs from the one that is running. `server.tls` is among
    /// them if TLS is switched on or off; other changes within that table need no restart.
    public func keysWaitingForRestart(running: Configuration) -> [String] {
        zip(
            Configuration.restartKeys,
            [
                server.bindAddress != running.server.bindAddress, server.port != running.server.port,
                (server.tls == nil) != (running.server.tls == nil),
                storage != running.storage && !(storage.isBucket && running.storage.isBucket),
                storage != running.storage && (storage.isBucket || running.storage.isBucket),
                observability.listen != running.observability.listen,
                observability.tracing != running.observability.tracing,
                notificationEndpoints != running.notificationEndpoints, auditSinks != running.auditSinks,
            ]
        ).filter(\.1).map(\.0)
    }

    /// Whether who may do what changes along with who can connect, which needs a restart. The one may rely on the other:
    /// users may be gone because the server is to listen on loopback from now on, or to ask for certificates.
    public func reliesOnRestart(running: Configuration) -> Bool {
        let isReachedOtherwise =
            server.bindAddress != running.server.bindAddress || (server.tls == nil) != (running.server.tls == nil)
        return isReachedOtherwise && accessRules != running.accessRules
    }

    private var accessRules: AccessRules {
        AccessRules(
            identities: identities, policy: accessPolicy, declared: declaredAccess, token: token,
            repositories: Dictionary(
                repositories.compactMap { section in section.accessPolicy.map { (section.name, $0) } },
                uniquingKeysWith: { first, _ in first }))
    }

    private struct AccessRules: Equatable {
        let identities: [IdentitySection]
        let policy: AccessPolicy?
        let declared: DefaultAccess?
        let token: TokenSection?
        let repositories: [RepositoryName: AccessPolicy]
    }

    /// This configuration as far as a server that runs `running` can take it on: what cannot change live stays as it is
    /// there.
    public func adapted(to running: Configuration) -> Configuration {
        var adapted = self
        adapted.server.bindAddress = running.server.bindAddress
        adapted.server.port = running.server.port
        if (server.tls == nil) != (running.server.tls == nil) { adapted.server.tls = running.server.tls }
        adapted.storage = running.storage
        adapted.observability = running.observability
        adapted.notificationEndpoints = running.notificationEndpoints
        adapted.auditSinks = running.auditSinks
        return adapted
    }
}
