#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
internal import CoreMetrics
internal import NIOConcurrencyHelpers
internal import Threads

/// Where lines go: to a writer that a thread of its own runs, so that whoever logs never waits for whoever reads.
///
/// What is not written yet is bounded; beyond that lines are dropped and counted.
final class LogSink: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var dropped = 0
        var folding: LogFolding
        var isWriting = false
        var isStarted = false
        var hasThread = false
    }

    /// Bytes.
    static let mostPending = 4 << 20

    private let writer: any LineWriter
    private let limit: Int
    private let now: @Sendable () -> Duration
    private let onLoss: @Sendable (LineWriterError) -> Void
    private let state: NIOLockedValueBox<State>
    /// 1 where there is something to do for the thread.
    private let work = ConditionLock(value: 0)

    /// - Parameters:
    ///   - limit: Bytes that may wait.
    ///   - folding: What becomes of lines that say the same.
    ///   - now: Of a clock that never goes back.
    ///   - onLoss: Told on the sink's own thread that lines could not be written, which are counted as dropped.
    init(
        _ writer: any LineWriter, limit: Int = mostPending, folding: LogFolding = LogFolding(),
        now: @escaping @Sendable () -> Duration = { ContinuousClock.now - LogSink.origin },
        onLoss: @escaping @Sendable (LineWriterError) -> Void = { _ in }
    ) {
        self.writer = writer
        self.limit = limit
        state = NIOLockedValueBox(State(folding: folding))
        self.now = now
        self.onLoss = onLoss
    }

    private static let origin = ContinuousClock.now

    /// Has lines written from now on, by a thread that comes with the first of them and lives as long as the process.
    func start() {
        let isAwaited = state.withLockedValue { state in
            state.isStarted = true
            return !state.pending.isEmpty
        }
        if isAwaited { wake() }
    }

    /// Takes a line on to be written.
    ///
    /// - Parameter identity: What it has in common with those that say the same, which are folded; nil for a line that is
    ///   written in any case.
    func write(_ line: String, identity: String?, summary: @escaping @Sendable (Int) -> String) {
        let isNews = state.withLockedValue { state in
            if let identity {
                let wasPending = state.folding.isPending
                guard state.folding.admits(identity, now: now(), summary: summary) else { return !wasPending }
            }
            guard state.pending.count + line.utf8.count <= limit else {
                state.dropped += 1
                return false
            }
            let wasEmpty = state.pending.isEmpty
            state.pending.append(contentsOf: line.utf8)
            return wasEmpty && !state.isWriting
        }
        if isNews { wake() }
    }

    private func wake() {
        work.lock()
        work.unlock(withValue: 1)
        let needsThread = state.withLockedValue { state in
            guard state.isStarted, !state.hasThread else { return false }
            state.hasThread = true
            return true
        }
        // Without one the next line asks again.
        if needsThread, SystemThread.start("log", { self.run() }) != 0 {
            state.withLockedValue { $0.hasThread = false }
        }
    }

    /// Returns when everything was written, or after about a second: a reader that takes nothing must not keep the program.
    func flush() {
        state.withLockedValue { state in
            for line in state.folding.rest() { state.pending.append(contentsOf: line.utf8) }
        }
        for attempt in 0..<200 {
            if state.withLockedValue({ $0.pending.isEmpty && !$0.isWriting }) { return }
            if attempt == 0 { wake() }
            usleep(5000)
        }
    }

    private func run() {
        while true {
            // Only where something is being counted is there a reason to look at the clock.
            let isPending = state.withLockedValue { $0.folding.isPending }
            if work.lock(whenValue: 1, timeoutSeconds: isPending ? 1 : 3600) { work.unlock(withValue: 0) }
            writeAll()
        }
    }

    /// Writes what there is. For the thread, and for tests in its stead.
    func writeAll() {
        while true {
            let (bytes, dropped) = state.withLockedValue { state -> ([UInt8], Int) in
                for line in state.folding.due(now: now()) { state.pending.append(contentsOf: line.utf8) }
                let taken = (state.pending, state.dropped)
                state.pending = []
                state.dropped = 0
                state.isWriting = !taken.0.isEmpty
                return taken
            }
            if dropped > 0 { Counter(label: "entrepot_log_lines_dropped_total").increment(by: dropped) }
            guard !bytes.isEmpty else { return }
            do throws(LineWriterError) { try writer.write(bytes) } catch {
                let lost = bytes.count { $0 == UInt8(ascii: "\n") }
                state.withLockedValue { $0.dropped += lost }
                onLoss(error)
            }
            state.withLockedValue { $0.isWriting = false }
        }
    }
}
