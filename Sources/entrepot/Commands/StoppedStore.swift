import ArgumentParser
import Configuration
import Console
import FoundationEssentials
import Janitor
import Logging
import Registry
import Storage
import Threads
import Upstream

/// A store on this machine that no server has open, and what may change it, in a process of its own.
struct StoppedStore: Sendable {
    let store: RegistryStore
    let registry: Registry
    let settings: JanitorSettings
    let freeBytes: @Sendable () -> Int64?
    private let janitor: Janitor

    /// Whether a server has the store open; true where nobody can tell, as replicas of a bucket may be anywhere.
    static func isServed(_ section: StorageSection) -> Bool {
        switch section {
        case .fileSystem(let directory): Spool.isInUse(directory + "/.entrepot/spool")
        case .s3: true
        }
    }

    /// The configuration of a store to work on in this process; nil if a server is to be asked.
    static func configuration(_ admin: AdminOptions) -> Configuration? {
        // Also when its files are no longer valid a server can be asked.
        guard admin.server == nil, case .success(let configuration) = admin.configuration.source.read().result,
            !isServed(configuration.storage)
        else { return nil }
        return configuration
    }

    /// - Parameter isDry: Nothing is changed: then a server may work on it as well.
    static func with<Value: Sendable>(
        _ configuration: Configuration, isDry: Bool = false, _ body: (StoppedStore) async throws -> Value
    ) async throws -> Value {
        if case .fileSystem(let directory) = configuration.storage,
            !FileManager.default.fileExists(atPath: directory)
        {
            StandardError.write("entrepot: there is no store at \(directory); see storage.fs.root_dir\n")
            throw ExitCode.failure
        }
        var logger = Logger(label: "entrepot")
        logger.logLevel = .warning
        let spool = FileManager.default.temporaryDirectory.path + "/entrepot-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: spool) }
        let opened = try await OpenedStorage.forCommand(configuration.storage)
        // As a server has it: one that starts meanwhile sees that it is not alone.
        var place: Spool?
        if case .fileSystem(let directory) = configuration.storage, !isDry {
            place = try Spool(root: directory + "/.entrepot/spool")
        }
        defer { withExtendedLifetime(place) {} }
        let store = RegistryStore(objects: opened.objects)
        let background = BackgroundWork()
        // Nothing is fetched: there is nobody to ask.
        let fills = Fills(
            store: store, spool: try Spool(root: spool), background: background, pool: .shared,
            limits: FillLimits(configuration), logger: logger)
        let registry = Registry(
            store: store, fills: fills, background: background,
            health: UpstreamHealth(limits: ResilienceLimits(configuration.resilience)),
            limits: PushLimits(configuration),
            manifestRoom: ByteBudget(limit: configuration.server.maxManifestMemory.bytes), logger: logger,
            now: WallClock.seconds)
        let settings = JanitorSettings(configuration, Namespaces.withoutUpstreams(configuration))
        let janitor = Janitor(
            store: store, registry: registry, settings: settings, freeBytes: opened.freeBytes,
            // A server may start at any moment.
            hasNeighbours: { true }, logger: logger, now: WallClock.seconds)
        // Only what is asked for.
        janitor.pause(true)
        let stopped = StoppedStore(
            store: store, registry: registry, settings: settings, freeBytes: opened.freeBytes, janitor: janitor)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await background.run() }
            group.addTask { try await janitor.run() }
            let value = try await body(stopped)
            group.cancelAll()
            return value
        }
    }

    /// Runs a job and prints what it did; ends with failure if it failed.
    func run(_ job: JanitorJob, _ progress: ProgressOptions) async throws {
        let bar = progress.bar(job.rawValue)
        defer { bar.end() }
        let report = await withTaskGroup(of: Void.self) { group in
            group.addTask { [janitor] in
                while (try? await Task.sleep(for: .milliseconds(200))) != nil {
                    let progress = janitor.status.jobs.first { $0.job == job }?.progress
                    bar.set(progress?.doneBytes ?? 0, of: progress?.totalBytes)
                }
            }
            let report = await janitor.run(job)
            group.cancelAll()
            return report
        }
        bar.end()
        guard let report else { throw ExitCode.failure }
        try Self.print(report)
        guard report.outcome == .done else { throw ExitCode.failure }
    }

    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
