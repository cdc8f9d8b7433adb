import Configuration
import HTTPServer

extension HTTPServerConfiguration {
    /// - Throws: If the TLS files cannot be used.
    init(_ configuration: Configuration) throws {
        let server = configuration.server
        self.init(address: server.bindAddress.host, port: server.port, tls: try server.tls.map(TLSMaterial.init))
        maxHeaderBytes = Int(server.maxHeaderSize.bytes)
        maxConnections = server.maxConnections
        maxConcurrentRequests = configuration.maxConcurrentRequests
        handshakeTimeout = server.handshakeTimeout.duration
        headerTimeout = server.headerTimeout.duration
        idleTimeout = server.idleTimeout.duration
        writeStallTimeout = server.stallTimeout.duration
        bodyStallTimeout = server.stallTimeout.duration
        connectionAge = server.queryTimeout.duration
        connectionAgeGrace = server.queryTimeoutGracePeriod.duration
        shutdownGrace = server.shutdownGracePeriod.duration
    }
}
