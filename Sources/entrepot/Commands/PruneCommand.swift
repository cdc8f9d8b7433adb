import ArgumentParser
import Configuration
import CurlClient
import Janitor

struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Evict what is too much, and collect what nothing refers to.",
        discussion: """
            Has the running server do it, or does it itself where no server has the store open. What nothing refers to \
            is condemned first and removed by a later run, after janitor.grace. With --dry-run it reads the store itself, \
            changes nothing, and prints what would be done. Prints JSON; ends with 1 if something failed.
            """)

    @OptionGroup var admin: AdminOptions
    @Flag(name: [.customShort("d"), .customLong("dry-run"), .customLong("dry-mode")], help: "Change nothing.")
    var isDry = false
    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        if isDry {
            let configuration = try admin.configuration.load()
            let preview = try await StoppedStore.with(configuration, isDry: true) { stopped in
                try await PrunePreview.of(
                    stopped.store, stopped.registry, stopped.settings, free: stopped.freeBytes(),
                    now: WallClock.seconds())
            }
            return try StoppedStore.print(preview)
        }
        // Without limits, eviction finds that nothing is too much.
        let jobs: [JanitorJob] = [.eviction, .collection]
        guard let configuration = StoppedStore.configuration(admin) else {
            for job in jobs { try await admin.runJob(job, progress) }
            return
        }
        try await StoppedStore.with(configuration) { stopped in
            for job in jobs { try await stopped.run(job, progress) }
        }
    }
}
