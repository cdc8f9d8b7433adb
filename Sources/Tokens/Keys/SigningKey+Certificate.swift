internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

extension SigningKey {
    /// A certificate for the key, signed by the key itself, as PEM: the `rootcertbundle` of a registry that is to trust
    /// its tokens, and a `cert_chain` of one.
    ///
    /// - Parameters:
    ///   - name: The common name.
    ///   - start: Seconds since 1970.
    public func selfSignedCertificate(name: String, from start: Int64, days: Int) throws -> String {
        let start = Date(timeIntervalSince1970: Double(start))
        let subject = try DistinguishedName { CommonName(name) }
        let key = privateKey
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey, notValidBefore: start,
            notValidAfter: start.addingTimeInterval(Double(days) * 86_400), issuer: subject, subject: subject,
            signatureAlgorithm: signatureAlgorithm,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
            }, issuerPrivateKey: key)
        return try certificate.serializeAsPEM().pemString + "\n"
    }
}
