import ArgumentParser
import UnixSignals

/// Work that has something to tidy up when it is cut off.
enum Interruptible {
    /// Runs `work`, which is cancelled by SIGINT, SIGTERM and SIGHUP.
    ///
    /// - Throws: `ExitCode` when it was cancelled, as a shell counts the ends of processes by signals; else what `work` throws.
    static func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        try await withThrowingTaskGroup(of: UnixSignal?.self) { group in
            group.addTask {
                try await work()
                return nil
            }
            group.addTask { await signals.first { _ in true } }
            defer { group.cancelAll() }
            guard let signal = try await group.next() ?? nil else { return }
            group.cancelAll()
            do {
                try await group.waitForAll()
            } catch {
                StandardError.write("entrepot: cut off by \(signal)\n")
                throw ExitCode(128 + signal.rawValue)
            }
        }
    }
}
