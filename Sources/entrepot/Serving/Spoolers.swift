import Configuration
import Logging
import Metrics
import Observability
import Registry
import ServiceLifecycle
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
