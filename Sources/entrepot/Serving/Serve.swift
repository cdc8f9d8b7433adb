#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import ArgumentParser
import CAllocator
import Cluster
import Configuration
import CurlClient
import DistributionAPI
import Events
import HTTPServer
import Janitor
import Logging
import Metrics
import NIOCore
import NIOPosix
import Observability
import Registry
import ServiceLifecycle
import Threads
import UnixSignals

/// Runs the registry until it is told to stop.
///
/// - Throws: `ConfigurationProblems`, before anything is run; then only `ExitCode.failure`, what happened being logged.
func serve(_ source: ConfigurationSource) async throws {
    // Until somebody listens to it, as its default is to end the process.
    signal(SIGHUP, SIG_IGN)
    let manager = ServiceManager(environment: source.environment)
    // Looked at before they are read, so that no change is missed.
    let watch = FileWatch(source.files)
    let reading = source.read()
    let configuration = try reading.result.get()
    try ConfigurationTrial.run(configuration)
    LogOutput.bootstrap(LogOutput.Settings(configuration.log))
    defer { LogOutput.flush() }
    let logger = Logger(label: "entrepot")
    do {
        let status = ServerStatus(configurationFiles: source.files, reading: reading)
        DescriptorLimit.raise()
        entrepot_return_large_allocations(1 << 20)
        let metrics = MetricsRegistry(MetricCatalogue.all)
        MetricsSystem.bootstrap(metrics)
        let exporter = traceExporter(configuration)
        let parts = try await LongLivedParts(configuration, status: status, metrics: metrics, logger: logger)
        defer { parts.audit?.flush() }
        try await ServiceGroup(configuration: try services(configuration, source, parts, watch, exporter, manager))
            .run()
    } catch {
        logger.critical("stopped", metadata: ["error": "\(error)"])
        throw ExitCode.failure
    }
}

/// Everything that runs, in the order in which it starts; it stops in the reverse order, each after the next.
private func services(
    _ configuration: Configuration, _ source: ConfigurationSource, _ parts: LongLivedParts, _ watch: FileWatch,
    _ exporter: TraceExporter?, _ manager: ServiceManager?
) throws -> ServiceGroupConfiguration {
    var watch = watch
    watch.watch(parts.status.watchedFiles)
    let current = CurrentSnapshot(try Snapshot(configuration, parts: parts))
    parts.certificates.show(current.value.certificates)
    parts.janitor.adjust(JanitorSettings(current.value.configuration, current.value.namespaces))
    let sweeper = UploadSweeper(
        registry: parts.registry, expiry: { current.value.configuration.uploads.expiry.milliseconds / 1000 },
        pause: { try await UploadPause(expiry: { current.value.configuration.uploads.expiry.duration }).wait() })
    let server = HTTPServer(
        configuration: HTTPServerConfiguration(configuration, tls: try configuration.server.tls.map(TLSMaterial.init)),
        handler: current, logger: Logger(.server),
        onBound: { address in
            let host = address.ipAddress ?? "?"
            parts.coordination.listens(on: address, isSecure: current.value.configuration.server.tls != nil)
            parts.readiness.start()
            manager?.tell(.ready)
            if current.value.configuration.isOpenUnsaid { warnOfOpenness(parts.logger) }
            parts.logger.warnOf(current.value.configuration)
            parts.logger.notice(
                "serving", metadata: ["address": "\(host):\(address.port ?? 0)", "storage": "\(parts.place)"])
            // Later: the first answers need some of it.
            _ = parts.background.start {
                guard (try? await Beat.next(.seconds(1))) != nil else { return }
                CodePages.releaseWhatTheStartNeeded()
            }
        }, onGraceOver: { parts.background.stop() })
    parts.status.observe(server)
    let withdrawal = ReadinessWithdrawal(
        readiness: parts.readiness, manager: manager,
        delay: { current.value.configuration.server.shutdownDelay.duration },
        logger: parts.logger)
    var telling: [any Service] = parts.eventEndpoints
    if let exporter { telling.append(exporter) }
    if let manager, let patience = manager.patience {
        telling.append(
            SignOfLife(manager: manager, group: MultiThreadedEventLoopGroup.singleton) {
                // Half of it, as sd_watchdog_enabled(3) advises.
                try await Task.sleep(for: patience / 2)
            })
    }
    let all: [any Service] =
        telling + metricsServer(configuration, parts) + [
            parts.background, sweeper,
            HealthMonitor(parts: parts, current: current, probe: parts.probe) {
                // A bucket's owner pays for each look.
                try await Beat.next(parts.isRemote ? .seconds(60) : .seconds(10))
            },
            EventLoopLag(MultiThreadedEventLoopGroup.singleton) { try await Beat.next(.seconds(5)) },
            PullTimesWriter(registry: parts.registry) { try await Beat.next(.seconds(60)) }, parts.janitor,
            CoordinationWatch(parts: parts),
            // A server that has none rests.
            Spoolers(parts: parts, current: current) {
                try await Beat.next(current.value.configuration.spoolers.isEmpty ? .seconds(10) : .seconds(1))
            },
            SeedSchedule(parts: parts, current: current) {
                try await Beat.next(current.value.configuration.seeds.isEmpty ? .seconds(10) : .seconds(5))
            },
            BudgetExchange(parts.coordination.replica, parts.upstreams.budgets, now: WallClock.seconds), server,
            Reloader(source: source, parts: parts, current: current, server: server),
            ConfigurationWatcher(watch: watch, parts: parts), HangupListener(reloads: parts.reloads), withdrawal,
        ]
    return ServiceGroupConfiguration(
        services: all.map { ServiceGroupConfiguration.ServiceConfiguration(service: NamedService(service: $0)) },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(.services))
}

/// Makes requests be traced, if that is configured.
private func traceExporter(_ configuration: Configuration) -> TraceExporter? {
    guard let section = configuration.observability.tracing else { return nil }
    let queue = SpanQueue()
    Traces.bootstrap(SpanTracer(samplingRate: section.samplingRate, queue: queue))
    return TraceExporter(section, queue: queue, curl: CurlClient())
}

/// The listener for metrics and health, where one is configured.
private func metricsServer(_ configuration: Configuration, _ parts: LongLivedParts) -> [any Service] {
    guard let address = configuration.observability.listen else { return [] }
    return [
        HTTPServer(
            configuration: HTTPServerConfiguration(address),
            handler: MetricsAPI(metrics: parts.metrics, readiness: parts.readiness), logger: Logger(.server),
            onBound: { _ in parts.logger.notice("serving metrics", metadata: ["address": "\(address)"]) })
    ]
}

private func warnOfOpenness(_ logger: Logger) {
    logger.warning(
        "everybody on this machine may push and delete, as nothing says who may",
        metadata: ["remedy": "set global.default_access, or say who may: [identity.<id>], [global.access_policy]"])
}

extension Logger {
    /// What is allowed and probably not meant.
    func warnOf(_ configuration: Configuration) {
        for problem in configuration.warnings {
            warning("\(problem.message)", metadata: ["key": "\(problem.keyPath)", "remedy": "\(problem.remedy)"])
        }
    }
}
