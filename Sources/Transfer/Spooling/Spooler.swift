public import Logging
internal import NIOConcurrencyHelpers
public import ServiceLifecycle
internal import Threads
public import Upstream

/// Pushes what is dropped into a folder. It looks at the folder, as decision 6 has it; a file is taken when it is the same at two
/// looks, so that one that somebody still writes to without a `~` is mostly left alone too.
public final class Spooler: Service {
    private let folder: SpoolFolder
    private let target: any SpoolTarget
    private let logger: Logger
    private let timers: Timers
    private let interval: Duration
    private let report: @Sendable (Outcome) -> Void
    private let state = NIOLockedValueBox(State())

    /// What became of a file.
    public enum Outcome: String, Sendable {
        case pushed, deleted, failed
    }

    private struct State {
        /// What was there at the last look.
        var seen: [String: SpoolFolder.Stamp] = [:]
        /// As it was told last.
        var problem: String?
        var hasLooked = false
    }

    /// - Parameters:
    ///   - interval: Between two looks.
    ///   - report: Told of each file.
    public init(
        _ folder: SpoolFolder, to target: any SpoolTarget, logger: Logger, interval: Duration = .seconds(1),
        timers: Timers = .system, report: @escaping @Sendable (Outcome) -> Void = { _ in }
    ) {
        self.folder = folder
        self.target = target
        self.logger = logger
        self.interval = interval
        self.timers = timers
        self.report = report
    }

    /// Whether the last look found the folder.
    public var isReady: Bool { state.withLockedValue { $0.hasLooked && $0.problem == nil } }

    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    private func watch() async {
        while !Task.isCancelled {
            await look()
            await timers.sleep(interval)
        }
    }

    /// One look: takes what is the same as at the last one.
    public func look() async {
        let folder = folder
        do {
            let waiting = try await ThreadPool.shared.run {
                try folder.prepare()
                return try folder.waiting()
            }
            let seen = state.withLockedValue { state in
                state.problem = nil
                state.hasLooked = true
                return state.seen
            }
            for (file, stamp) in waiting where seen[file] == stamp && !Task.isCancelled { await take(file, stamp) }
            state.withLockedValue { state in
                state.seen = Dictionary(waiting.map { ($0.file, $0.stamp) }, uniquingKeysWith: { first, _ in first })
            }
        } catch {
            if Task.isCancelled { return }
            let isNew = state.withLockedValue { state in
                defer { state.problem = "\(error)" }
                return state.problem != "\(error)"
            }
            // Told once: a mount may be away for a while.
            if isNew {
                logger.error(
                    "a spool folder cannot be looked at", metadata: ["folder": "\(folder.path)", "error": "\(error)"])
            }
        }
    }

    /// Takes everything that is there now.
    ///
    /// - Returns: How many files failed.
    public func runOnce() async throws -> Int {
        let folder = folder
        let waiting = try await ThreadPool.shared.run {
            try folder.prepare()
            return try folder.waiting()
        }
        var failures = 0
        for (file, stamp) in waiting where await !take(file, stamp) { failures += 1 }
        return failures
    }

    @discardableResult
    private func take(_ file: String, _ stamp: SpoolFolder.Stamp) async -> Bool {
        let folder = folder
        do {
            guard let name = SpoolName(file) else {
                throw SpoolError(
                    reason: "the name is none of an image: write repository:tag.tar, with \\ in the place of /")
            }
            let images: [String]
            let outcome: Outcome
            switch name {
            case .push(let name):
                (images, outcome) = (try await target.push("\(folder.path)/\(file)", as: name), .pushed)
            case .delete(let name): (images, outcome) = (try await target.delete(name), .deleted)
            }
            try await ThreadPool.shared.run { try folder.succeed(file, stamp, images) }
            report(outcome)
            logger.info("taken from the spool", metadata: ["file": "\(file)", "images": "\(images)"])
            return true
        } catch {
            // It waits for the next start.
            if Task.isCancelled { return false }
            report(.failed)
            logger.warning("what was spooled is not pushed", metadata: ["file": "\(file)", "error": "\(error)"])
            do {
                try await ThreadPool.shared.run { try folder.fail(file, stamp, "\(error)") }
            } catch {
                logger.error(
                    "what failed cannot be put aside", metadata: ["file": "\(file)", "error": "\(error)"])
            }
            return false
        }
    }
}
