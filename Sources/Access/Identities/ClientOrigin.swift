/// What is known of a client before it shows any credentials.
public struct ClientOrigin: Sendable, Equatable {
    /// Nil where there is no socket.
    public let address: ClientAddress?
    /// Nil where it presented no certificate.
    public let certificate: CertificateSubject?

    public init(address: ClientAddress? = nil, certificate: CertificateSubject? = nil) {
        self.address = address
        self.certificate = certificate
    }
}
