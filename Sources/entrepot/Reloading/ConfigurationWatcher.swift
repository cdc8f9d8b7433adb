import Configuration
import ServiceLifecycle
import Threads

/// Has the configuration reloaded when one of the files that it depends on has changed.
///
/// It has a thread to itself, which does nothing but wait and look: a file system that hangs holds up nobody else.
struct ConfigurationWatcher: Service {
    /// Seconds between two looks where the kernel tells of changes: network file systems are silent.
    private static let interval = 5.0
    /// Seconds between two looks where it does not.
    private static let shortInterval = 0.5
    /// Seconds between two looks while files are being changed, and between two that the kernel asks for.
    private static let settleTime = 0.1

    /// As the files were when the running configuration was read.
    let watch: FileWatch
    let parts: LongLivedParts

    func run() async throws {
        let thread = ThreadPool(limit: 1, name: "configuration")
        let alarm = FileAlarm()
        await cancelWhenGracefulShutdown {
            await withTaskCancellationHandler {
                var watch = watch
                while !Task.isCancelled {
                    let seen = watch
                    let found = try? await thread.run { nextChange(after: seen, alarm) }
                    guard let next = found ?? nil else { return }
                    watch = next
                    _ = await parts.reloads.request(.files)
                }
            } onCancel: {
                alarm.stop()
            }
        }
    }

    /// Blocks until a file has changed; nil if that is not waited for any more.
    private func nextChange(after seen: FileWatch, _ alarm: FileAlarm) -> FileWatch? {
        var watch = seen
        var covered: Set<String>?
        var isHeard = false
        var reason = FileAlarm.Reason.time
        while reason != .stopped {
            // Others have the configuration reloaded as well, with other files in it.
            let files = parts.status.watchedFiles
            watch.watch(files)
            // Before the look, so that what changes after it is told; and anew when links may lead elsewhere.
            if files != covered || reason == .told || !isHeard {
                isHeard = alarm.cover(files)
                covered = files
            }
            switch watch.look() {
            case .changed: return watch
            case .changing: reason = alarm.pause(seconds: Self.settleTime)
            case .unchanged:
                // Something else in the same folder, and perhaps a thousand times a second.
                if reason == .told, alarm.pause(seconds: Self.settleTime) == .stopped { return nil }
                reason = alarm.wait(seconds: isHeard ? Self.interval : Self.shortInterval)
            }
        }
        return nil
    }
}
