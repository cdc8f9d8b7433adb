import Configuration
import DistributionAPI
import HTTPServer
import Janitor
import Logging
import Metrics
import Observability
import ServiceLifecycle
import Threads

/// Takes on a new configuration while requests are served: reads, checks and builds all of it, then turns one reference.
/// Whatever is wrong leaves the running configuration as it is.
struct Reloader: Service {
    let source: ConfigurationSource
    let parts: LongLivedParts
    let current: CurrentSnapshot
    let server: HTTPServer

    private struct Prepared {
        let snapshot: Snapshot
        let server: HTTPServerConfiguration
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Of what was read last.
            var stamp: FileStamp?
            for await _ in parts.reloads.signals {
                let waiters = parts.reloads.take()
                guard let first = waiters.first(where: { $0.cause != .files }) ?? waiters.first else { continue }
                let now = await stampOfFiles()
                // Somebody was faster than the watcher.
                let isOld = first.cause == .files && now == stamp
                let report = isOld ? nil : await reload(first.cause)
                stamp = await stampOfFiles(seen: now)
                for waiter in waiters { waiter.continuation.resume(returning: report) }
            }
        }
        parts.reloads.close()
    }

    /// Nil when the program ends.
    ///
    /// - Parameter seen: What of them was looked at before, and is not looked at again.
    private func stampOfFiles(seen: FileStamp? = nil) async -> FileStamp? {
        let files = parts.status.watchedFiles
        return try? await blocking {
            var stamp = seen ?? FileStamp([])
            stamp.cover(files)
            return stamp
        }
    }

    private let logger = Logger(.configuration)

    private func reload(_ cause: ReloadQueue.Cause) async -> ReloadReport {
        var report = ReloadReport(
            time: WallClock.timestamp(), cause: cause.rawValue, outcome: .refused, generation: parts.status.generation)
        do {
            let reading = try await blocking { source.readAgain() }
            parts.status.watch(reading)
            let configuration = try reading.reloaded(emptyBefore: parts.status.emptyFiles)
            let running = current.value
            report.restartRequired = configuration.keysWaitingForRestart(running: running.configuration)
            let prepared = try await blocking { try prepare(configuration, replacing: running) }
            await takeOn(prepared)
            parts.status.takeOn(reading)
            report.outcome = .applied
            report.generation += 1
        } catch let error as ConfigurationProblems {
            report.problems = error.problems.map(\.description)
        } catch {
            report.problems = ["\(error)"]
        }
        parts.status.record(report)
        parts.readiness.tell(report)
        count(report)
        log(report)
        parts.audit?.record(
            AuditRecord(
                "reload", report.outcome == .applied ? .done : .denied,
                fields: [(key: "cause", value: report.cause), (key: "generation", value: "\(report.generation)")]))
        return report
    }

    private func prepare(_ configuration: Configuration, replacing running: Snapshot) throws -> Prepared {
        guard !configuration.reliesOnRestart(running: running.configuration) else { throw HalfTakenEditError() }
        try ConfigurationTrial.run(configuration)
        let adapted = configuration.adapted(to: running.configuration)
        // Where TLS is to be switched on or off the files of neither side are needed before the restart.
        let isSwitched = (configuration.server.tls == nil) != (running.configuration.server.tls == nil)
        let tls = isSwitched ? nil : try configuration.server.tls.map(TLSMaterial.init)
        logger.warnOf(configuration)
        let snapshot = try Snapshot(adapted, parts: parts, replacing: running)
        if tls != nil { try checkCertificate(snapshot, replacing: running) }
        return Prepared(snapshot: snapshot, server: HTTPServerConfiguration(adapted, tls: tls))
    }

    /// A certificate that clients refuse does not take the place of one that they take.
    private func checkCertificate(_ snapshot: Snapshot, replacing running: Snapshot) throws {
        let now = WallClock.seconds()
        guard let refused = snapshot.certificates.first(where: { $0.isRefused(now) }),
            !running.certificates.contains(where: { $0.isRefused(now) })
        else { return }
        throw UselessCertificateError(sentence: refused.sentence(now))
    }

    /// Nothing here can fail.
    private func takeOn(_ prepared: Prepared) async {
        parts.adjust(to: prepared.snapshot.configuration)
        parts.certificates.show(prepared.snapshot.certificates)
        logger.warnOf(prepared.snapshot.certificates)
        parts.janitor.adjust(JanitorSettings(prepared.snapshot.configuration, prepared.snapshot.namespaces))
        await server.adjust(prepared.server)
        if let tls = prepared.server.tls { server.replaceTLS(with: tls) }
        current.replace(with: prepared.snapshot)
    }

    /// Files may be on a file system that hangs: neither an event loop nor the store's threads wait for them.
    private func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await ThreadPool.shared.run(work)
    }

    private func count(_ report: ReloadReport) {
        switch report.outcome {
        case .applied:
            Counter(label: "entrepot_config_reloads_total").increment()
            Gauge(label: "entrepot_config_last_reload_success_timestamp_seconds").record(WallClock.seconds())
        case .refused:
            Counter(label: "entrepot_config_reload_failures_total").increment()
        }
        Gauge(label: "entrepot_config_generation").record(report.generation)
    }

    private func log(_ report: ReloadReport) {
        for problem in report.problems {
            // One line each; where they have more, `entrepot status` shows it.
            let line = problem.prefix { $0 != "\n" }
            logger.error("configuration not reloaded", metadata: ["problem": "\(line)"])
        }
        for key in report.restartRequired {
            logger.warning("restart required", metadata: ["key": "\(key)"])
        }
        guard report.outcome == .applied else { return }
        logger.notice(
            "configuration reloaded", metadata: ["generation": "\(report.generation)", "cause": "\(report.cause)"])
    }
}
