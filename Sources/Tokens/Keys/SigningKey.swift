internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A private key that signs tokens. Never printed.
public struct SigningKey: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    private enum Material: Sendable {
        case rsa(_RSA.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    private let material: Material
    public let publicKey: VerificationKey

    /// From a PEM text with an unencrypted RSA (2048 bits and more), P-256 or Ed25519 key.
    public init(pem: String) throws(KeyError) {
        let text = PEM.first(of: pem)
        guard let document = try? PEMDocument(pemString: text) else { throw .notPEM }
        if let seed = Self.ed25519Seed(document), let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        {
            try self.init(.ed25519(key))
        } else if let key = try? P256.Signing.PrivateKey(pemRepresentation: text) {
            try self.init(.p256(key))
        } else if let key = try? _RSA.Signing.PrivateKey(unsafePEMRepresentation: text) {
            guard key.keySizeInBits >= 2048 else { throw .weak }
            try self.init(.rsa(key))
        } else {
            throw .unsupported
        }
    }

    private init(_ material: Material) throws(KeyError) {
        self.material = material
        publicKey =
            switch material {
            case .rsa(let key): try VerificationKey(.rsa(key.publicKey))
            case .p256(let key): try VerificationKey(.p256(key.publicKey))
            case .ed25519(let key): try VerificationKey(.ed25519(key.publicKey))
            }
    }

    public var algorithm: SignatureAlgorithm { publicKey.algorithm }

    func signature(for message: [UInt8]) throws -> [UInt8] {
        switch material {
        case .rsa(let key):
            Array(try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .p256(let key): Array(try key.signature(for: SHA256.hash(data: message)).rawRepresentation)
        case .ed25519(let key): Array(try key.signature(for: message))
        }
    }

    /// As the issuer of a certificate.
    var privateKey: Certificate.PrivateKey {
        switch material {
        case .rsa(let key): Certificate.PrivateKey(key)
        case .p256(let key): Certificate.PrivateKey(key)
        case .ed25519(let key): Certificate.PrivateKey(key)
        }
    }

    var signatureAlgorithm: Certificate.SignatureAlgorithm {
        switch material {
        case .rsa: .sha256WithRSAEncryption
        case .p256: .ecdsaWithSHA256
        case .ed25519: .ed25519
        }
    }

    /// The 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 7).
    private static func ed25519Seed(_ document: PEMDocument) -> ArraySlice<UInt8>? {
        let bytes = document.derBytes
        let algorithm: [UInt8] = [0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
        guard document.discriminator == "PRIVATE KEY", bytes.count >= 48, bytes[5..<16] == algorithm[...] else {
            return nil
        }
        return bytes[16..<48]
    }

    public static func == (left: SigningKey, right: SigningKey) -> Bool { left.publicKey == right.publicKey }

    public var description: String { "(private key \(publicKey.thumbprint))" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension SigningKey {
    /// A new key, as PKCS #8 PEM.
    public static func generate(_ algorithm: SignatureAlgorithm) throws -> String {
        switch algorithm {
        case .rs256: return try _RSA.Signing.PrivateKey(keySize: .bits3072).pkcs8PEMRepresentation + "\n"
        case .es256: return P256.Signing.PrivateKey().pemRepresentation + "\n"
        case .edDSA:
            let head: [UInt8] = [
                0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
            ]
            let seed = Curve25519.Signing.PrivateKey().rawRepresentation
            return PEMDocument(type: "PRIVATE KEY", derBytes: head + Array(seed)).pemString + "\n"
        }
    }
}
