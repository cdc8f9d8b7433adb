/// `[server.tls]`: paths of PEM files, readable when the configuration was loaded.
public struct ServerTLSSection: Sendable, Equatable {
    /// The server's certificate followed by its intermediates.
    public let serverCertificateBundle: String
    public let serverPrivateKey: String
    /// Absent: clients are not asked for a certificate.
    public let clients: ClientCertificates?

    public init(serverCertificateBundle: String, serverPrivateKey: String, clients: ClientCertificates? = nil) {
        self.serverCertificateBundle = serverCertificateBundle
        self.serverPrivateKey = serverPrivateKey
        self.clients = clients
    }

    /// What is asked of clients. A certificate that does not verify fails the handshake in either case.
    public struct ClientCertificates: Sendable, Equatable {
        public let caBundle: String
        public let authentication: ClientAuthentication

        public init(caBundle: String, authentication: ClientAuthentication = .optional) {
            self.caBundle = caBundle
            self.authentication = authentication
        }
    }

    public enum ClientAuthentication: String, Sendable, Equatable, CaseIterable {
        case optional, required
    }
}
