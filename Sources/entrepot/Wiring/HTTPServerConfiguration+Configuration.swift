import Access
import Configuration
import HTTPServer

extension HTTPServerConfiguration {
    init(_ configuration: Configuration, tls: TLSMaterial?) {
        self.init(
            address: configuration.server.bindAddress.host, port: configuration.server.port, tls: tls, configuration)
    }

    /// For a listener beside the server's own, that serves in the clear and is held to the defaults.
    init(_ address: ListenAddress) {
        self.init(address: address.host, port: address.port, tls: nil, Configuration())
    }

    private init(address: String, port: Int, tls: TLSMaterial?, _ configuration: Configuration) {
        let server = configuration.server
        self.init(
            address: address, port: port, tls: tls, maxHeaderBytes: Int(server.maxHeaderSize.bytes),
            maxConnections: server.maxConnections, maxConcurrentRequests: configuration.maxConcurrentRequests,
            maxWaitingRequests: configuration.limits.maxWaiting, requestPatience: configuration.limits.wait.duration,
            handshakeTimeout: server.handshakeTimeout.duration, headerTimeout: server.headerTimeout.duration,
            idleTimeout: server.idleTimeout.duration, writeStallTimeout: server.stallTimeout.duration,
            bodyStallTimeout: server.stallTimeout.duration, connectionAge: server.queryTimeout.duration,
            connectionAgeGrace: server.queryTimeoutGracePeriod.duration,
            shutdownGrace: server.shutdownGracePeriod.duration, trustedProxies: TrustedProxies(server))
    }
}

extension TrustedProxies {
    /// Nil where there are none.
    fileprivate init?(_ server: ServerSection) {
        guard !server.trustedProxies.isEmpty else { return nil }
        let blocks = server.trustedProxies
        self.init(speakProxyProtocol: server.proxyProtocol) { address in
            guard let address = ClientAddress(address) else { return false }
            return blocks.contains { $0.contains(address) }
        }
    }
}

extension TLSMaterial {
    /// - Throws: ``TLSMaterialError`` naming the file at fault.
    init(_ section: ServerTLSSection) throws {
        let authentication: ClientAuthentication =
            switch section.clients?.authentication {
            case nil: .none
            case .optional?: .optional
            case .required?: .required
            }
        try self.init(
            certificateChain: .file(section.serverCertificateBundle), privateKey: .file(section.serverPrivateKey),
            clientAuthorities: section.clients.map { .file($0.caBundle) }, clientAuthentication: authentication)
    }
}
