internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A public key that verifies tokens.
public struct VerificationKey: Sendable, Equatable {
    enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    let material: Material
    /// SubjectPublicKeyInfo, DER.
    let publicKeyInfo: [UInt8]
    /// RFC 7638.
    public let thumbprint: String
    /// distribution's own.
    public let libtrustID: String

    init(_ material: Material) throws(KeyError) {
        self.material = material
        publicKeyInfo = Self.publicKeyInfo(material)
        libtrustID = Self.libtrustID(publicKeyInfo)
        thumbprint = try Self.thumbprint(material)
    }

    /// From a PEM text with a public key, a certificate, or a private key, whose public half is used.
    public init(pem: String) throws(KeyError) {
        guard let document = try? PEMDocument(pemString: PEM.first(of: pem)) else { throw .notPEM }
        switch document.discriminator {
        case "PUBLIC KEY":
            guard let key = try? Certificate.PublicKey(pemDocument: document) else { throw .unsupported }
            try self.init(key)
        case "CERTIFICATE":
            guard let certificate = try? Certificate(pemDocument: document) else { throw .unsupported }
            try self.init(certificate.publicKey)
        default:
            self = try SigningKey(pem: pem).publicKey
        }
    }

    init(_ key: Certificate.PublicKey) throws(KeyError) {
        if let key = P256.Signing.PublicKey(key) {
            try self.init(.p256(key))
        } else if let key = _RSA.Signing.PublicKey(key) {
            guard key.keySizeInBits >= 2048 else { throw .weak }
            try self.init(.rsa(key))
        } else if let key = Curve25519.Signing.PublicKey(key) {
            try self.init(.ed25519(key))
        } else {
            throw .unsupported
        }
    }

    public var algorithm: SignatureAlgorithm {
        switch material {
        case .rsa: .rs256
        case .p256: .es256
        case .ed25519: .edDSA
        }
    }

    public func id(_ format: KeyIDFormat) -> String {
        switch format {
        case .rfc7638: thumbprint
        case .libtrust: libtrustID
        }
    }

    func isValid(_ signature: [UInt8], for message: some DataProtocol) -> Bool {
        switch material {
        case .rsa(let key):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: message),
                padding: .insecurePKCS1v1_5)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: message))
        case .ed25519(let key):
            return key.isValidSignature(signature, for: message)
        }
    }

    public static func == (left: VerificationKey, right: VerificationKey) -> Bool {
        left.publicKeyInfo == right.publicKeyInfo
    }

    func webKey(_ format: KeyIDFormat, chain: CertificateChain? = nil) -> JSONWebKey {
        var key = JSONWebKey(kty: Self.kind(material), alg: algorithm.rawValue, kid: id(format))
        for (name, value) in (try? Self.members(material)) ?? [] {
            switch name {
            case "crv": key.crv = value
            case "x": key.x = value
            case "y": key.y = value
            case "n": key.n = value
            default: key.e = value
            }
        }
        key.x5c = chain?.encoded
        return key
    }
}

extension VerificationKey {
    /// What stands before the 32 bytes of an Ed25519 key (RFC 8410, section 4).
    private static let ed25519Prefix: [UInt8] = [
        0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]

    private static func publicKeyInfo(_ material: Material) -> [UInt8] {
        switch material {
        case .rsa(let key): Array(key.derRepresentation)
        case .p256(let key): Array(key.derRepresentation)
        case .ed25519(let key): ed25519Prefix + Array(key.rawRepresentation)
        }
    }

    private static func kind(_ material: Material) -> String {
        switch material {
        case .rsa: "RSA"
        case .p256: "EC"
        case .ed25519: "OKP"
        }
    }

    /// What makes the key, besides its kind (RFC 7518, section 6; RFC 8037, section 2).
    private static func members(_ material: Material) throws -> [(String, String)] {
        switch material {
        case .rsa(let key):
            let numbers = try key.getKeyPrimitives()
            return [
                ("e", Base64URL.encode(numbers.publicExponent.drop { $0 == 0 })),
                ("n", Base64URL.encode(numbers.modulus.drop { $0 == 0 })),
            ]
        case .p256(let key):
            let point = key.rawRepresentation
            return [
                ("crv", "P-256"), ("x", Base64URL.encode(point.prefix(32))), ("y", Base64URL.encode(point.suffix(32))),
            ]
        case .ed25519(let key):
            return [("crv", "Ed25519"), ("x", Base64URL.encode(key.rawRepresentation))]
        }
    }

    /// SHA-256 of the required members as JSON, sorted and without spaces.
    private static func thumbprint(_ material: Material) throws(KeyError) -> String {
        guard var members = try? members(material) else { throw .unsupported }
        members.append(("kty", kind(material)))
        let json = members.sorted { $0.0 < $1.0 }.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",")
        return Base64URL.encode(SHA256.hash(data: Data("{\(json)}".utf8)))
    }

    /// Base32 of the first 30 bytes of the SHA-256 of the SubjectPublicKeyInfo, in groups of four.
    private static func libtrustID(_ info: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var text = ""
        var bits = 0
        var count = 0
        var length = 0
        for byte in SHA256.hash(data: info).prefix(30) {
            bits = (bits << 8 | Int(byte)) & 0xFFFF
            count += 8
            while count >= 5 {
                count -= 5
                if length > 0, length.isMultiple(of: 4) { text += ":" }
                text.append(alphabet[bits >> count & 0x1F])
                length += 1
            }
        }
        return text
    }
}
