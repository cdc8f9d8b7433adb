import Access
import ArgumentParser
import Configuration
import CurlClient
import DistributionAPI
import FileStorage
import HTTPServer
import Logging
import NIOCore
import NIOPosix
import Registry
import ServiceLifecycle
import Storage
import UnixSignals

/// Runs the registry until it is told to stop.
///
/// - Parameter files: Where the configuration came from, for the log.
func serve(_ configuration: Configuration, files: [String]) async throws {
    LoggingSystem.bootstrap(configuration.log)
    let logger = Logger(label: "entrepot")
    do {
        try await ServiceGroup(configuration: try services(configuration, logger)).run()
    } catch {
        logger.critical("stopped", metadata: ["error": "\(error)"])
        throw ExitCode.failure
    }
}

/// Everything that runs, in the order in which it starts; it stops in the reverse order, each after the next.
private func services(_ configuration: Configuration, _ logger: Logger) throws -> ServiceGroupConfiguration {
    let root =
        switch configuration.storage {
        case .fileSystem(let rootDirectory): rootDirectory
        }
    let pool = NIOThreadPool(numberOfThreads: 8)
    pool.start()
    try FileStore.prepare(root: root)
    let store = RegistryStore(objects: FileStore(root: root, pool: pool))
    let background = BackgroundWork()
    let curl = CurlClient()
    let fills = Fills(
        store: store, spool: try Spool(root: root + "/.entrepot/spool"), background: background, pool: pool,
        limits: FillLimits(configuration), logger: logger)
    let health = UpstreamHealth(limits: UpstreamLimits(configuration.resilience))
    let registry = Registry(
        store: store, fills: fills, background: background, health: health, pool: pool,
        limits: PushLimits(configuration), logger: logger, now: WallClock.seconds)
    let sweepInterval = configuration.uploads.expiry.duration / 24
    let sweeper = UploadSweeper(registry: registry, expiry: configuration.uploads.expiry.milliseconds / 1000) {
        try await Task.sleep(for: sweepInterval)
    }
    let readiness = Readiness()
    let namespaces = try UpstreamBuilder(curl: curl, configuration: configuration, logger: logger).namespaces()
    let hashing = NIOThreadPool(numberOfThreads: 2)
    hashing.start()
    let access = AccessControl(configuration, passwords: PasswordVerifier(pool: hashing))
    let api = DistributionAPI(
        registry: registry, namespaces: namespaces, readiness: readiness, access: access, logger: logger)
    var handler: any RequestHandler = api
    let token = configuration.admin.flatMap { AdminToken($0.token.reveal()) }
    if token != nil || configuration.accessPolicy != nil {
        handler = AdminAPI(
            next: api, registry: registry, namespaces: namespaces, token: token, access: access, logger: logger)
    }
    let server = HTTPServer(
        configuration: try HTTPServerConfiguration(configuration), handler: handler, logger: logger,
        onBound: { address in
            let host = address.ipAddress ?? "?"
            logger.notice("serving", metadata: ["address": "\(host):\(address.port ?? 0)", "storage": "\(root)"])
        })
    let gate = ReadinessGate(readiness: readiness, delay: configuration.server.shutdownDelay.duration, logger: logger)
    return ServiceGroupConfiguration(
        services: [
            ServiceGroupConfiguration.ServiceConfiguration(service: background),
            ServiceGroupConfiguration.ServiceConfiguration(service: sweeper),
            ServiceGroupConfiguration.ServiceConfiguration(service: server),
            ServiceGroupConfiguration.ServiceConfiguration(service: gate),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "entrepot.services"))
}

extension FillLimits {
    init(_ configuration: Configuration) {
        self.init(
            concurrent: configuration.fills.maxConcurrent, orphans: configuration.fills.maxOrphans,
            blobSize: Int64(configuration.server.maxBlobSize.bytes))
    }
}

extension PushLimits {
    init(_ configuration: Configuration) {
        self.init(
            manifestSize: Int(configuration.server.maxManifestSize.bytes),
            blobSize: Int64(configuration.server.maxBlobSize.bytes))
    }
}
