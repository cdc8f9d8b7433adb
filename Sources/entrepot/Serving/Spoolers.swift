import Bundle
import Configuration
import FoundationEssentials
import Logging
import Metrics
import OCI
import Observability
import Registry
import ServiceLifecycle
import Storage
import Threads
import Transfer

/// Takes what is dropped into the folders of `[[spooler]]`, whichever those are at the moment.
final class Spoolers: Service {
    private let parts: LongLivedParts
    private let current: CurrentSnapshot
    private let pause: @Sendable () async throws -> Void

    /// - Parameter pause: Between two looks.
    init(parts: LongLivedParts, current: CurrentSnapshot, pause: @escaping @Sendable () async throws -> Void) {
        self.parts = parts
        self.current = current
        self.pause = pause
    }

    func run() async throws {
        // Its own threads, as archives are read and hashed on them: what serves clients must not wait for that.
        let executor = ThreadPoolExecutor(ThreadPool(limit: 2, name: "spoolers"), niceness: 5)
        await cancelWhenGracefulShutdown { await self.watch(executor) }
    }

    private func watch(_ executor: ThreadPoolExecutor) async {
        var running: [SpoolerSection: Spooler] = [:]
        while !Task.isCancelled {
            let sections = current.value.configuration.spoolers
            running = Dictionary(
                sections.map { section in (section, running[section] ?? spooler(section)) },
                uniquingKeysWith: { first, _ in first })
            for section in sections where !Task.isCancelled {
                await withTaskExecutorPreference(executor) { [running] in await running[section]?.look() }
            }
            // Cancelled: the loop ends.
            try? await pause()
        }
    }

    private func spooler(_ section: SpoolerSection) -> Spooler {
        Spooler(
            SpoolFolder(section.directory, keeps: section.keeps),
            to: StoreSpoolTarget(parts: parts, current: current, repository: section.repository),
            logger: Logger(.registry)
        ) { outcome in
            Counter(label: "entrepot_spooled_files_total", dimensions: [("outcome", outcome.rawValue)]).increment()
        }
    }
}

/// Takes what is spooled into the store of this server.
struct StoreSpoolTarget: SpoolTarget {
    let parts: LongLivedParts
    let current: CurrentSnapshot
    let repository: RepositoryName

    func push(_ path: String, as name: ImageName) async throws -> [String] {
        let snapshot = current.value
        let folder = parts.root + "/.entrepot/spooled"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try await ScratchFolder.with(in: folder) { scratch in
            let importer = Importer(
                parts.store, snapshot.namespaces, through: scratch,
                mostBytes: Int64(snapshot.configuration.server.maxBlobSize.bytes))
            let title = name.repository.components.last.map(String.init) ?? name.description
            let name = ImageName(try prefixed(name.repository), tag: name.tag ?? .latest)
            let archive = try await ThreadPool.shared.run { () throws -> Archive in
                if try Archive.isTar(path) { return try Archive(path: path) }
                return .entries(try FileImageEntries(path, named: title, through: scratch + "/layer"))
            }
            let report = try await importer.run(archive, ImportNaming(name: name))
            return report.images.map(\.description)
        }
    }

    func delete(_ name: ImageName) async throws -> [String] {
        let repository = try current.value.namespaces.repository(try prefixed(name.repository))
        let held = try await parts.registry.manifest(repository, name.reference, isHead: true).content
        try await parts.registry.deleteManifest(repository, .digest(held.digest))
        return ["\(repository.name)@\(held.digest)"]
    }

    private func prefixed(_ name: RepositoryName) throws -> RepositoryName {
        if let long = name.prefixed(by: repository) { return long }
        throw BundleError(.refused, "\(repository)/\(name) is too long a name", remedy: "use a shorter one")
    }
}
