internal import FoundationEssentials

/// The signing key's certificate and its intermediates, by which a registry with a `rootcertbundle` trusts the key.
public struct CertificateChain: Sendable, Equatable {
    /// They travel in every token.
    static let maximumCertificates = 5

    /// As `x5c` has them (RFC 7515, section 4.1.6): standard base64 of the DER, the leaf first.
    let encoded: [String]
    /// As PEM, the leaf first.
    public let pem: String

    /// - Throws: For a text without certificates, and if the first one is not the key's.
    public init(pem text: String, for key: VerificationKey) throws(KeyError) {
        let blocks = PEM.blocks(of: text).filter { PEM.label(of: $0) == "CERTIFICATE" }
        guard !blocks.isEmpty else {
            throw KeyError(.notACertificate, "holds no certificate", remedy: "write the key's certificate as PEM")
        }
        guard blocks.count <= Self.maximumCertificates else {
            throw KeyError(
                .notACertificate, "holds more than \(Self.maximumCertificates) certificates",
                remedy: "keep the key's own and its intermediates: they travel in every token")
        }
        let read = blocks.compactMap { OpenSSLCertificate(pem: $0) }
        let encodings = read.compactMap(\.der)
        guard encodings.count == blocks.count, let leaf = read.first else {
            throw KeyError(
                .notACertificate, "holds a certificate that cannot be read", remedy: "write X.509 certificates as PEM")
        }
        guard let leafKey = try? VerificationKey(leaf.key), leafKey == key else {
            throw KeyError(
                .otherKey, "begins with a certificate of another key",
                remedy: "put the signing key's certificate first, then its intermediates")
        }
        encoded = encodings.map { Data($0).base64EncodedString() }
        pem = blocks.joined()
    }
}
