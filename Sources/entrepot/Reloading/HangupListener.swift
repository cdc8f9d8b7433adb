import ServiceLifecycle
import UnixSignals

/// Has the configuration reloaded on SIGHUP.
struct HangupListener: Service {
    let reloads: ReloadQueue

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                _ = await reloads.request(.signal)
            }
        }
    }
}
