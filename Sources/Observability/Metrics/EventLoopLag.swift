internal import CoreMetrics
public import NIOCore
public import ServiceLifecycle

/// Measures again and again how long work waits before an event loop gets to it. What blocks a loop shows here, and delays
/// every connection of that loop.
public struct EventLoopLag: Service {
    private let group: any EventLoopGroup
    private let pause: @Sendable () async throws -> Void
    private let timer = Timer(label: "entrepot_event_loop_lag_seconds")

    /// - Parameter pause: Returns when it is time for the next look; an error ends the service.
    public init(_ group: any EventLoopGroup, pause: @escaping @Sendable () async throws -> Void) {
        self.group = group
        self.pause = pause
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await pause() } catch { return }
                await look()
            }
        }
    }

    /// Asks every loop once, and waits for all of them: a loop that is stuck is not asked again.
    func look() async {
        await withDiscardingTaskGroup { tasks in
            for loop in group.makeIterator() {
                tasks.addTask {
                    let asked = NIODeadline.now()
                    // Fails only where the loop has ended.
                    guard let came = try? await loop.submit({ NIODeadline.now() }).get() else { return }
                    timer.recordNanoseconds((came - asked).nanoseconds)
                }
            }
        }
    }
}
