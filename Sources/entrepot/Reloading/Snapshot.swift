import Access
import Configuration
import DistributionAPI
import HTTPServer
import Registry
import Tokens

/// All that follows from one configuration, and nothing that changes: made as a whole or not at all. A request holds the
/// one it began with; the last to let go of it frees it.
final class Snapshot: Sendable {
    /// As it is in force: what cannot change live is as it was when the server started.
    let configuration: Configuration
    let clients: RegistryClients
    let namespaces: Namespaces
    let handler: any RequestHandler

    /// May read files; blocks for as long as that takes.
    ///
    /// - Parameter previous: What it replaces; clients of upstreams that stay the same are taken over.
    /// - Throws: what is wrong with the configuration.
    init(_ configuration: Configuration, parts: LongLivedParts, replacing previous: Snapshot? = nil) throws {
        self.configuration = configuration
        let (namespaces, clients) = try NamespacesBuilder(
            configuration: configuration, parts: parts.upstreams, previous: previous?.clients ?? RegistryClients()
        ).build()
        self.clients = clients
        self.namespaces = namespaces
        let section =
            try configuration.token ?? (configuration.identities.isEmpty ? nil : OwnTokens.section(root: parts.root))
        let access = AccessControl(configuration, token: section, passwords: parts.passwords)
        let api = DistributionAPI(
            registry: parts.registry, namespaces: namespaces, readiness: parts.readiness, access: access,
            redirects: BlobRedirects(configuration.storage), logger: parts.logger)
        let tokens = section.map { TokenService($0, refreshTokens: parts.refreshTokens) }
        let open: any RequestHandler =
            tokens.map {
                TokenAPI(next: api, service: $0, access: access, namespaces: namespaces, logger: parts.logger)
            } ?? api
        let token = configuration.admin.flatMap { AdminToken($0.token.reveal()) }
        // Without either nobody could get in.
        guard token != nil || configuration.accessPolicy != nil else {
            handler = Self.openToReplicas(open, configuration, parts)
            return
        }
        let steered = AdminAPI(
            next: open, registry: parts.registry, namespaces: namespaces, token: token, access: access,
            control: Control(status: parts.status, reloads: parts.reloads), tokens: tokens,
            metrics: parts.metrics, janitor: parts.janitor, logger: parts.logger)
        handler = Self.openToReplicas(steered, configuration, parts)
    }

    /// With what replicas tell each other, where there are others.
    private static func openToReplicas(
        _ handler: any RequestHandler, _ configuration: Configuration, _ parts: LongLivedParts
    ) -> any RequestHandler {
        guard configuration.cluster != nil else { return handler }
        return ClusterAPI(next: handler, registry: parts.registry, logger: parts.logger, now: WallClock.seconds)
    }
}
