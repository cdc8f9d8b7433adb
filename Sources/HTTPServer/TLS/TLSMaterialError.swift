/// Why a listener cannot speak TLS with the files it was given. Contains file names, never key bytes.
public enum TLSMaterialError: Error, Equatable, CustomStringConvertible {
    case unreadableCertificate(String, cause: String)
    case unreadableKey(String, cause: String)
    case mismatch(certificate: String, privateKey: String, cause: String)
    case missingClientAuthorities

    public var description: String {
        switch self {
        case .unreadableCertificate(let name, let cause):
            "cannot read certificates from \(name): give a readable file with PEM certificates, leaf first (\(cause))"
        case .unreadableKey(let name, let cause):
            "cannot read the private key from \(name): give a readable file with one unencrypted PEM key (\(cause))"
        case .mismatch(let certificate, let key, let cause):
            "the private key in \(key) does not fit the certificate in \(certificate) (\(cause))"
        case .missingClientAuthorities:
            "client certificates cannot be verified: name a bundle of the authorities they come from"
        }
    }
}
