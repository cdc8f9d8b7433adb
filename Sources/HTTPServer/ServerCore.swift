import Logging
import NIOConcurrencyHelpers

/// What all connections of one server share.
final class ServerCore: Sendable {
    let configuration: HTTPServerConfiguration
    let handler: any RequestHandler
    let logger: Logger
    let headEncoder: ResponseHeadEncoder
    private let counts = NIOLockedValueBox(Counts())

    private struct Counts {
        var connections = 0
        var requests = 0
        var isDraining = false
    }

    init(configuration: HTTPServerConfiguration, handler: any RequestHandler, logger: Logger) {
        self.configuration = configuration
        self.handler = handler
        self.logger = logger
        headEncoder = ResponseHeadEncoder(serverName: configuration.serverName)
    }

    func admitConnection() -> Bool {
        counts.withLockedValue { counts in
            guard counts.connections < configuration.maxConnections, !counts.isDraining else { return false }
            counts.connections += 1
            return true
        }
    }

    func connectionClosed() { counts.withLockedValue { $0.connections -= 1 } }

    func admitRequest() -> Bool {
        counts.withLockedValue { counts in
            guard counts.requests < configuration.maxConcurrentRequests else { return false }
            counts.requests += 1
            return true
        }
    }

    func requestFinished() { counts.withLockedValue { $0.requests -= 1 } }

    func beginDraining() { counts.withLockedValue { $0.isDraining = true } }
}
