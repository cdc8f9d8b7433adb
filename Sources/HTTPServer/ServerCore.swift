#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// What all connections of one server share.
final class ServerCore: Sendable {
    let handler: any RequestHandler
    let logger: Logger
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    let headEncoder: ResponseHeadEncoder
    private let state: NIOLockedValueBox<State>

    private struct State {
        var configuration: HTTPServerConfiguration
        var connections = 0
        var requests = 0
        var isDraining = false
        /// When a request was last answered at once, nearly.
        var answered: NIODeadline?
    }

    init(
        configuration: HTTPServerConfiguration, handler: any RequestHandler, logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) {
        state = NIOLockedValueBox(State(configuration: configuration))
        self.handler = handler
        self.logger = logger
        self.now = now
        headEncoder = ResponseHeadEncoder(serverName: configuration.serverName)
    }

    /// As it is now; event loops have a copy of their own.
    var configuration: HTTPServerConfiguration { state.withLockedValue { $0.configuration } }

    var activity: HTTPServerActivity {
        state.withLockedValue { state in
            let isServing = state.requests > 0 || state.answered.map { .now() - $0 < .seconds(1) } ?? false
            return HTTPServerActivity(connections: state.connections, requests: state.requests, isServing: isServing)
        }
    }

    func adjust(_ configuration: HTTPServerConfiguration) { state.withLockedValue { $0.configuration = configuration } }

    func admitConnection() -> Bool {
        state.withLockedValue { state in
            guard state.connections < state.configuration.maxConnections, !state.isDraining else { return false }
            state.connections += 1
            return true
        }
    }

    func connectionClosed() { state.withLockedValue { $0.connections -= 1 } }

    func admitRequest() -> Bool {
        state.withLockedValue { state in
            guard state.requests < state.configuration.maxConcurrentRequests else { return false }
            state.requests += 1
            return true
        }
    }

    func answeredAtOnce(_ time: NIODeadline) { state.withLockedValue { $0.answered = time } }

    func requestFinished() { state.withLockedValue { $0.requests -= 1 } }

    static let systemTime: @Sendable () -> Int64 = { Int64(time(nil)) }

    func beginDraining() { state.withLockedValue { $0.isDraining = true } }
}
