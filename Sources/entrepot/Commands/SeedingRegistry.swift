import Configuration
import CurlClient
import FoundationEssentials
import Logging
import Registry
import Storage
import Threads
import Transfer
import Upstream

/// The registry of a configuration in a process of its own, to fetch with: on the store itself, whether a server has it open
/// or not, and with the configured upstreams, their credentials and their limits.
enum SeedingRegistry {
    static func with<Value: Sendable>(
        _ configuration: Configuration, _ body: @escaping @Sendable (Registry, Namespaces) async throws -> Value
    ) async throws -> Value {
        var logger = Logger(label: "entrepot")
        // What goes wrong is told by the report.
        logger.logLevel = .critical
        let opened = try await OpenedStorage.forCommand(configuration.storage)
        let store = RegistryStore(objects: opened.objects)
        let background = BackgroundWork()
        let spool = try Spool(root: opened.root + "/.entrepot/seed", capacity: configuration.storage.spoolSize)
        let fills = Fills(
            store: store, spool: spool, background: background, pool: .shared, limits: FillLimits(configuration),
            logger: logger)
        let manifestRoom = ByteBudget(limit: configuration.server.maxManifestMemory.bytes)
        let registry = Registry(
            store: store, fills: fills, background: background,
            health: UpstreamHealth(limits: ResilienceLimits(configuration.resilience)),
            limits: PushLimits(configuration), manifestRoom: manifestRoom, logger: logger, now: WallClock.seconds)
        let parts = LongLivedUpstreamParts(manifestRoom: manifestRoom, logger: logger)
        parts.gates.adjust(configuration.caps)
        let namespaces = try NamespacesBuilder(
            configuration: configuration, parts: parts, previous: UpstreamClients()
        ).build().namespaces
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await background.run() }
            defer { group.cancelAll() }
            return try await StoreVisit.during(store) { try await body(registry, namespaces) }
        }
    }
}
