#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Logging
import Metrics
import NIOConcurrencyHelpers
import NIOCore

/// What all connections of one server share.
final class ServerCore: Sendable {
    let handler: any RequestHandler
    let logger: Logger
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    let headEncoder: ResponseHeadEncoder
    let turns: RequestTurns
    private let state: NIOLockedValueBox<State>
    private let accepted = Counter(label: "entrepot_connections_total", dimensions: [("outcome", "accepted")])
    private let refused = Counter(label: "entrepot_connections_total", dimensions: [("outcome", "refused")])

    private struct State {
        var configuration: HTTPServerConfiguration
        var connections = 0
        var isDraining = false
        /// When a request was last answered at once, nearly.
        var answered: NIODeadline?
    }

    init(
        configuration: HTTPServerConfiguration, handler: any RequestHandler, logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) {
        state = NIOLockedValueBox(State(configuration: configuration))
        turns = RequestTurns(configuration.turns)
        self.handler = handler
        self.logger = logger
        self.now = now
        headEncoder = ResponseHeadEncoder(serverName: configuration.serverName)
    }

    /// As it is now; event loops have a copy of their own.
    var configuration: HTTPServerConfiguration { state.withLockedValue { $0.configuration } }

    var activity: HTTPServerActivity {
        let (connections, answered) = state.withLockedValue { ($0.connections, $0.answered) }
        let requests = turns.inUse
        return HTTPServerActivity(
            connections: connections, requests: requests, waiting: turns.waiting,
            hasAnsweredAtOnce: answered.map { .now() - $0 < .seconds(1) } ?? false)
    }

    func adjust(_ configuration: HTTPServerConfiguration) {
        state.withLockedValue { $0.configuration = configuration }
        turns.adjust(configuration.turns)
    }

    func admitConnection() -> Bool {
        let isAdmitted = state.withLockedValue { state in
            guard state.connections < state.configuration.maxConnections, !state.isDraining else { return false }
            state.connections += 1
            return true
        }
        (isAdmitted ? accepted : refused).increment()
        return isAdmitted
    }

    func connectionClosed() { state.withLockedValue { $0.connections -= 1 } }

    func answeredAtOnce(_ time: NIODeadline) { state.withLockedValue { $0.answered = time } }

    static let systemTime: @Sendable () -> Int64 = { Int64(time(nil)) }

    func beginDraining() { state.withLockedValue { $0.isDraining = true } }
}

extension HTTPServerConfiguration {
    var turns: RequestTurns.Limits {
        RequestTurns.Limits(
            most: maxConcurrentRequests, mostWaiting: maxWaitingRequests, patience: TimeAmount(requestPatience))
    }
}
