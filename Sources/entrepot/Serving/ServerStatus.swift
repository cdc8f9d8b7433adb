import Configuration
import DistributionAPI
import HTTPServer
import NIOConcurrencyHelpers

/// What the server tells of itself, and the files it depends on.
final class ServerStatus: Sendable {
    private struct State {
        var generation = 1
        var lastReload: ReloadReport?
        var restartRequired: [String] = []
        var watchedFiles: Set<String>
        var emptyFiles: Set<String>
        var server: HTTPServer?
        var coordination: CoordinationReport?
    }

    let configurationFiles: [String]
    private let startTime = WallClock.timestamp()
    private let start = ContinuousClock.now
    private let state: NIOLockedValueBox<State>

    /// - Parameter reading: How the configuration in force was read.
    init(configurationFiles: [String], reading: ConfigurationReading) {
        self.configurationFiles = configurationFiles
        state = NIOLockedValueBox(
            State(
                watchedFiles: (reading.namedFiles ?? []).union(configurationFiles), emptyFiles: reading.emptyFiles))
    }

    /// The configuration files that have no key in the configuration in force.
    var emptyFiles: Set<String> { state.withLockedValue { $0.emptyFiles } }

    /// The configuration files and all that they name.
    var watchedFiles: Set<String> { state.withLockedValue { $0.watchedFiles } }

    var generation: Int { state.withLockedValue { $0.generation } }

    /// Watches the files that a configuration names which is not in force, beside those of the one that is.
    func watch(_ reading: ConfigurationReading) {
        guard let namedFiles = reading.namedFiles else { return }
        state.withLockedValue { $0.watchedFiles.formUnion(namedFiles) }
    }

    /// What was read is in force from now on: its files are watched, and no others.
    func takeOn(_ reading: ConfigurationReading) {
        state.withLockedValue { state in
            state.emptyFiles = reading.emptyFiles
            guard let namedFiles = reading.namedFiles else { return }
            state.watchedFiles = namedFiles.union(configurationFiles)
        }
    }

    func note(_ coordination: CoordinationReport?) { state.withLockedValue { $0.coordination = coordination } }

    func observe(_ server: HTTPServer) { state.withLockedValue { $0.server = server } }

    func record(_ report: ReloadReport) {
        state.withLockedValue { state in
            state.generation = report.generation
            state.lastReload = report
            if report.outcome == .applied { state.restartRequired = report.restartRequired }
        }
    }

    /// Nil until the server is there.
    var activity: HTTPServerActivity? { state.withLockedValue { $0.server }?.activity }

    var report: ServerReport {
        let state = state.withLockedValue { $0 }
        let activity = state.server?.activity
        return ServerReport(
            version: entrepotVersion, started: startTime,
            uptimeSeconds: (ContinuousClock.now - start).components.seconds,
            configurationFiles: configurationFiles, generation: state.generation, lastReload: state.lastReload,
            restartRequired: state.restartRequired, coordination: state.coordination,
            connections: activity?.connections ?? 0,
            requests: activity?.requests ?? 0)
    }
}

/// The server as the admin API may steer it.
struct Control: ServerControl {
    let status: ServerStatus
    let reloads: ReloadQueue

    var report: ServerReport { status.report }

    func reload() async -> ReloadReport? { await reloads.request(.command) }
}
