import NIOSSL

/// Certificate, key and client verification of a listener, checked and ready for use. Immutable: to renew a
/// certificate make another one and hand it to ``HTTPServer/replaceTLS(with:)``.
public struct TLSMaterial: Sendable {
    /// PEM text from a file, or from memory under a name for error messages.
    public enum Source: Sendable {
        case file(String)
        case bytes([UInt8], name: String)

        var name: String {
            switch self {
            case .file(let path): path
            case .bytes(_, let name): name
            }
        }
    }

    public enum ClientAuthentication: Sendable {
        /// No certificate is asked for.
        case none
        /// A certificate is asked for. None is fine; one that does not verify fails the handshake.
        case optional
        /// Without a certificate that verifies the handshake fails.
        case required
    }

    let context: NIOSSLContext
    private let configuration: TLSConfiguration
    /// Who vouches for clients; empty where none are asked.
    let clientAuthorities: Set<NIOSSLCertificate>

    /// - Parameters:
    ///   - clientAuthorities: the authorities client certificates must come from; required unless
    ///     `clientAuthentication` is `none`.
    /// - Throws: ``TLSMaterialError`` naming the file at fault.
    public init(
        certificateChain: Source, privateKey: Source, clientAuthorities: Source? = nil,
        clientAuthentication: ClientAuthentication = .none
    ) throws(TLSMaterialError) {
        let chain = try Self.certificates(in: certificateChain)
        let key = try Self.privateKey(in: privateKey)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        switch clientAuthentication {
        case .none:
            configuration.certificateVerification = .none
            self.clientAuthorities = []
        case .optional, .required:
            guard let clientAuthorities else { throw .missingClientAuthorities }
            let authorities = try Self.certificates(in: clientAuthorities)
            self.clientAuthorities = Set(authorities)
            configuration.trustRoots = .certificates(authorities)
            configuration.sendCANameList = true
            if case .optional = clientAuthentication {
                configuration.certificateVerification = .optionalVerification
            } else {
                configuration.certificateVerification = .noHostnameVerification
            }
        }
        self.configuration = configuration
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw .mismatch(
                certificate: certificateChain.name, privateKey: privateKey.name, cause: String(describing: error))
        }
    }

    /// One more for the same, which takes up no session of another one.
    func makeContext() throws -> NIOSSLContext { try NIOSSLContext(configuration: configuration) }

    /// When the next of those who vouch for clients ends, in seconds since 1970.
    func authorityEnd(after seconds: Int64) -> Int64? {
        clientAuthorities.map { Int64($0.notValidAfter) }.filter { $0 >= seconds }.min()
    }

    /// Whether authorities can be read from there, as they will be.
    public static func checkAuthorities(_ source: Source) throws(TLSMaterialError) {
        _ = try certificates(in: source)
    }

    private static func certificates(in source: Source) throws(TLSMaterialError) -> [NIOSSLCertificate] {
        let certificates: [NIOSSLCertificate]
        do {
            certificates =
                switch source {
                case .file(let path): try NIOSSLCertificate.fromPEMFile(path)
                case .bytes(let bytes, _): try NIOSSLCertificate.fromPEMBytes(bytes)
                }
        } catch {
            throw .unreadableCertificate(source.name, cause: String(describing: error))
        }
        guard !certificates.isEmpty else {
            throw .unreadableCertificate(source.name, cause: "it holds no PEM certificate")
        }
        return certificates
    }

    private static func privateKey(in source: Source) throws(TLSMaterialError) -> NIOSSLPrivateKey {
        do {
            return switch source {
            case .file(let path): try NIOSSLPrivateKey(file: path, format: .pem)
            case .bytes(let bytes, _): try NIOSSLPrivateKey(bytes: bytes, format: .pem)
            }
        } catch {
            throw .unreadableKey(source.name, cause: String(describing: error))
        }
    }
}
