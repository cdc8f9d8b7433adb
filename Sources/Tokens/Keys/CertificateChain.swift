internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// The signing key's certificate and its intermediates, by which a registry with a `rootcertbundle` trusts the key.
public struct CertificateChain: Sendable, Equatable {
    /// They travel in every token.
    static let maximumCertificates = 5

    /// DER, the leaf first.
    let certificates: [[UInt8]]
    /// As `x5c` has them (RFC 7515, section 4.1.6): standard base64.
    let encoded: [String]
    /// As PEM, the leaf first.
    public let pem: String

    /// - Throws: For a text without certificates, and if the first one is not the key's.
    public init(pem text: String, for key: VerificationKey) throws(KeyError) {
        let documents = PEM.blocks(of: text).compactMap { try? PEMDocument(pemString: $0) }
            .filter { $0.discriminator == "CERTIFICATE" }
        guard let first = documents.first else {
            throw KeyError(.notACertificate, "holds no certificate", remedy: "write the key's certificate as PEM")
        }
        guard documents.count <= Self.maximumCertificates else {
            throw KeyError(
                .notACertificate, "holds more than \(Self.maximumCertificates) certificates",
                remedy: "keep the key's own and its intermediates: they travel in every token")
        }
        guard documents.allSatisfy({ (try? Certificate(pemDocument: $0)) != nil }),
            let leaf = try? Certificate(pemDocument: first), let leafKey = try? VerificationKey(leaf.publicKey)
        else {
            throw KeyError(
                .notACertificate, "holds a certificate that cannot be read", remedy: "write X.509 certificates as PEM")
        }
        guard leafKey == key else {
            throw KeyError(
                .otherKey, "begins with a certificate of another key",
                remedy: "put the signing key's certificate first, then its intermediates")
        }
        certificates = documents.map(\.derBytes)
        encoded = certificates.map { Data($0).base64EncodedString() }
        pem = documents.map { $0.pemString + "\n" }.joined()
    }
}
