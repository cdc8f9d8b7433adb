#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import ArgumentParser
import UnixSignals

/// Work that has something to tidy up when it is cut off.
enum Interruptible {
    /// Runs `work`, which is cancelled by SIGINT, SIGTERM and SIGHUP, but by none that who started it had it ignore (`nohup`).
    ///
    /// - Throws: `ExitCode` when it was cancelled, as a shell counts the ends of processes by signals; else what `work` throws.
    static func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let signals = await UnixSignalsSequence(
            trapping: [UnixSignal.sigint, .sigterm, .sighup].filter { !isIgnored($0) })
        try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                try await work()
                return .done
            }
            group.addTask { await signals.first { _ in true }.map { .cutOff($0) } ?? .unheard }
            defer { group.cancelAll() }
            while let end = try await group.next() {
                switch end {
                case .done: return
                case .unheard: continue
                case .cutOff(let signal):
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
    }

    private enum End {
        case done
        case cutOff(UnixSignal)
        /// No signal can come.
        case unheard
    }

    private static func isIgnored(_ kind: UnixSignal) -> Bool {
        let before = signal(kind.rawValue, SIG_IGN)
        signal(kind.rawValue, before)
        return unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
