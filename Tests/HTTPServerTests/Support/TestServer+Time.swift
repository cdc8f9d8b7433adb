import NIOConcurrencyHelpers
import NIOCore

@testable import HTTPServer

extension TestServer {
    /// Does something on every event loop, one after the other.
    func onLoops(_ action: @escaping @Sendable (LoopContext) throws -> Void) async throws {
        guard let contexts = server.loops.withLockedValue({ $0 }) else { return }
        for loop in contexts.loops { try await loop.submit { try action(contexts.context(of: loop)) }.get() }
    }

    func onConnections(_ action: @escaping @Sendable (ConnectionHandler) throws -> Void) async throws {
        try await onLoops { for connection in $0.connections.values { try action(connection) } }
    }

    /// Looks at all deadlines as if it were so much later.
    func sweep(after time: TimeAmount) async throws { try await onLoops { $0.sweep(now: .now() + time) } }

    /// Returns when idle connections are told to close.
    func isDraining() async throws {
        let draining = NIOLockedValueBox(false)
        while !draining.withLockedValue({ $0 }) {
            draining.withLockedValue { $0 = true }
            try await onLoops { loop in if !loop.isDraining { draining.withLockedValue { $0 = false } } }
        }
    }

    /// Returns when so many connections are open.
    func isConnected(_ count: Int = 1) async {
        while server.activity.connections < count { await Task.yield() }
    }
}
