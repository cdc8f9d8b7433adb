import Configuration
import NIOConcurrencyHelpers
import ServiceLifecycle
import Threads

/// Has the configuration reloaded when one of the files that it depends on has changed.
///
/// It has a thread to itself, which does nothing but look: to wake the tasks' threads and a pool's twice a second would
/// cost a server that rests ten times as much.
struct ConfigurationWatcher: Service, CustomStringConvertible {
    /// Seconds between two looks.
    private static let interval = 0.5
    /// Seconds between two looks while files are being changed.
    private static let settleTime = 0.1

    /// As the files were when the running configuration was read.
    let watch: FileWatch
    let parts: LongLivedParts
    let description = "ConfigurationWatcher"

    func run() async throws {
        let thread = ThreadPool(limit: 1, name: "configuration")
        let isStopped = ConditionLock(value: false)
        await cancelWhenGracefulShutdown {
            await withTaskCancellationHandler {
                var watch = watch
                while !Task.isCancelled {
                    let seen = watch
                    let found = try? await thread.run { nextChange(after: seen, unless: isStopped) }
                    guard let next = found ?? nil else { return }
                    watch = next
                    _ = await parts.reloads.request(.files)
                }
            } onCancel: {
                isStopped.lock()
                isStopped.unlock(withValue: true)
            }
        }
    }

    /// Blocks until a file has changed; nil if that is not waited for any more.
    private func nextChange(after seen: FileWatch, unless isStopped: ConditionLock<Bool>) -> FileWatch? {
        var watch = seen
        while true {
            // Others have the configuration reloaded as well, with other files in it.
            watch.watch(parts.status.watchedFiles)
            let finding = watch.look()
            if finding == .changed { return watch }
            let pause = finding == .changing ? Self.settleTime : Self.interval
            if isStopped.lock(whenValue: true, timeoutSeconds: pause) {
                isStopped.unlock()
                return nil
            }
        }
    }
}
