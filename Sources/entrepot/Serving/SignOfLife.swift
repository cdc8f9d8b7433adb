import NIOCore
import ServiceLifecycle

/// Tells the service manager again and again that this process lives, as long as every event loop gets to its work. One
/// that hangs is thus ended and started anew.
struct SignOfLife: Service {
    let manager: ServiceManager
    let group: any EventLoopGroup
    /// Returns when it is time for the next.
    let pause: @Sendable () async throws -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                for loop in group.makeIterator() {
                    // Fails only where the loop has ended.
                    try? await loop.submit {}.get()
                }
                manager.tell(.alive)
                do { try await pause() } catch { return }
            }
        }
    }
}
