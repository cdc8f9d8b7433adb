import Access
import Configuration
import DistributionAPI
import HTTPServer
import Logging
import Observability
import Registry
import Tokens

/// All that follows from one configuration, and nothing that changes: made as a whole or not at all. A request holds the
/// one it began with; the last to let go of it frees it.
final class Snapshot: Sendable {
    /// As it is in force: what cannot change live is as it was when the server started.
    let configuration: Configuration
    let clients: UpstreamClients
    let namespaces: Namespaces
    let handler: any RequestHandler
    /// Of what the configuration names, as it was when this was made.
    let certificates: [CertificateExpiry]

    /// May read files; blocks for as long as that takes.
    ///
    /// - Parameter previous: What it replaces; clients of upstreams that stay the same are taken over.
    /// - Throws: what is wrong with the configuration.
    init(_ configuration: Configuration, parts: LongLivedParts, replacing previous: Snapshot? = nil) throws {
        self.configuration = configuration
        certificates = CertificateExpiry.all(configuration)
        let (namespaces, clients) = try NamespacesBuilder(
            configuration: configuration, parts: parts.upstreams, previous: previous?.clients ?? UpstreamClients()
        ).build()
        self.clients = clients
        self.namespaces = namespaces
        let section =
            try configuration.token ?? (configuration.identities.isEmpty ? nil : OwnTokens.section(root: parts.root))
        let access = AccessControl(configuration, token: section, passwords: parts.passwords)
        let api = DistributionAPI(
            registry: parts.registry, namespaces: namespaces, readiness: parts.readiness, access: access,
            redirects: BlobRedirects(configuration.storage), logger: Logger(.api),
            accessLog: AccessLog(Logger(.access), slow: configuration.log.slowRequest.duration),
            limits: configuration.limits.identity == LimitsSection.Share() ? nil : parts.limits,
            notifications: parts.notifications, audit: parts.audit, slowRequests: parts.slowRequests)
        let tokens = section.map { TokenService($0, refreshTokens: parts.refreshTokens) }
        let open: any RequestHandler =
            tokens.map {
                TokenAPI(next: api, service: $0, access: access, namespaces: namespaces, logger: Logger(.api))
            } ?? api
        let token = configuration.admin.flatMap { AdminToken($0.token.reveal()) }
        // Without either nobody could get in.
        guard token != nil || configuration.accessPolicy != nil else {
            handler = Self.guarded(open, configuration, parts)
            return
        }
        let administered = AdminAPI(
            next: open, registry: parts.registry, namespaces: namespaces, token: token, access: access,
            control: Control(status: parts.status, reloads: parts.reloads), tokens: tokens,
            metrics: parts.metrics, janitor: parts.janitor, readiness: parts.readiness,
            slowRequests: parts.slowRequests,
            logger: Logger(.api))
        handler = Self.guarded(administered, configuration, parts)
    }

    /// Nothing stands before what is neither limited nor traced. What replicas tell each other comes first: it is no client's.
    private static func guarded(
        _ handler: any RequestHandler, _ configuration: Configuration, _ parts: LongLivedParts
    ) -> any RequestHandler {
        var handler = handler
        if configuration.limits.address != LimitsSection.Share() {
            handler = LimitedAPI(next: handler, limits: parts.limits)
        }
        if configuration.observability.tracing != nil { handler = TracedAPI(next: handler) }
        guard configuration.cluster != nil else { return handler }
        return ClusterAPI(next: handler, registry: parts.registry, logger: Logger(.api), now: WallClock.seconds)
    }
}
