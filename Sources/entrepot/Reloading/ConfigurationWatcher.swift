import Configuration
import NIOPosix
import ServiceLifecycle

/// Has the configuration reloaded when one of the files that it depends on has changed.
struct ConfigurationWatcher: Service, CustomStringConvertible {
    /// Between two looks.
    private static let interval: Duration = .milliseconds(250)
    /// Between two looks while files are being changed.
    private static let settleTime: Duration = .milliseconds(100)

    /// As the files were when the running configuration was read.
    let watch: FileWatch
    let parts: LongLivedParts
    let description = "ConfigurationWatcher"

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var watch = watch
            while !Task.isCancelled {
                let seen = watch
                // Throws only when the program ends.
                let looked = try? await NIOThreadPool.singleton.runIfActive { () -> (FileWatch, FileWatch.Finding) in
                    var watch = seen
                    let finding = watch.look()
                    return (watch, finding)
                }
                guard let (next, finding) = looked else { return }
                watch = next
                do {
                    switch finding {
                    case .unchanged: try await Task.sleep(for: Self.interval)
                    case .changing: try await Task.sleep(for: Self.settleTime)
                    case .changed: _ = await parts.reloads.request(.files)
                    }
                } catch { return }
                // Others have it reloaded as well, with other files in it.
                watch.watch(parts.status.watchedFiles)
            }
        }
    }
}
