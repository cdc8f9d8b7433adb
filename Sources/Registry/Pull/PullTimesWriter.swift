internal import Logging
public import ServiceLifecycle
internal import Storage

/// Writes the times of pulls to the store from time to time, and a last time at the end.
public struct PullTimesWriter: Service {
    private let registry: Registry
    private let pause: @Sendable () async throws -> Void

    /// - Parameter pause: Returns when it is time to write; throws when the service is to end.
    public init(registry: Registry, pause: @escaping @Sendable () async throws -> Void) {
        self.registry = registry
        self.pause = pause
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await pause() } catch { break }
                await write()
            }
        }
        await write()
    }

    private func write() async {
        do throws(StorageError) {
            _ = try await registry.writePullTimes()
        } catch {
            registry.logger.warning("pull times could not be written", metadata: ["error": "\(error)"])
        }
    }
}
