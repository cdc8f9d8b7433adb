import TextEncodings

/// A public key that verifies tokens.
public struct VerificationKey: Sendable, Equatable {
    private let key: OpenSSLKey
    private let members: [(name: String, value: String)]
    /// RFC 7638.
    public let thumbprint: String
    /// distribution's own.
    public let libtrustID: String

    init(_ key: OpenSSLKey) throws(KeyError) {
        guard let numbers = key.members else { throw .unsupported }
        var members = numbers.map { (name: $0.name, value: Base64.url.encode($0.bytes)) }
        if let curve = key.algorithm.curve { members.append((name: "crv", value: curve)) }
        self.key = key
        self.members = members
        thumbprint = Self.thumbprint(members + [(name: "kty", value: key.algorithm.keyType)])
        libtrustID = Self.libtrustID(key.publicKeyInfo)
    }

    /// From a PEM text with a public key, a certificate, or a private key, whose public half is used.
    public init(pem: String) throws(KeyError) {
        guard let block = PEM.key(in: pem) else { throw .notPEM }
        switch PEM.label(of: block) {
        case "PUBLIC KEY": try self.init(OpenSSLKey(publicPEM: block))
        case "CERTIFICATE":
            guard let certificate = OpenSSLCertificate(pem: block) else { throw .unsupported }
            try self.init(certificate.key)
        default: try self.init(OpenSSLKey(privatePEM: block))
        }
    }

    public var algorithm: SignatureAlgorithm { key.algorithm }

    public func id(_ format: KeyIDFormat) -> String {
        switch format {
        case .rfc7638: thumbprint
        case .libtrust: libtrustID
        }
    }

    package func isValid(_ signature: [UInt8], for message: ArraySlice<UInt8>) -> Bool {
        key.isValid(signature, for: message)
    }

    public static func == (left: VerificationKey, right: VerificationKey) -> Bool {
        left.key.publicKeyInfo == right.key.publicKeyInfo
    }

    func webKey(_ format: KeyIDFormat, chain: CertificateChain? = nil) -> JSONWebKey {
        var key = JSONWebKey(kty: algorithm.keyType, alg: algorithm.rawValue, kid: id(format))
        for (name, value) in members {
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
    /// SHA-256 of the required members as JSON, sorted and without spaces.
    private static func thumbprint(_ members: [(name: String, value: String)]) -> String {
        let json = members.sorted { $0.name < $1.name }.map { "\"\($0.name)\":\"\($0.value)\"" }
        return Base64.url.encode(OpenSSL.sha256(Array("{\(json.joined(separator: ","))}".utf8)))
    }

    /// Base32 of the first 30 bytes of the SHA-256 of the SubjectPublicKeyInfo, in groups of four.
    private static func libtrustID(_ info: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var text = ""
        var bits = 0
        var count = 0
        var length = 0
        for byte in OpenSSL.sha256(info).prefix(30) {
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

extension SignatureAlgorithm {
    /// `kty` of its keys.
    fileprivate var keyType: String {
        switch self {
        case .rs256: "RSA"
        case .es256: "EC"
        case .edDSA: "OKP"
        }
    }

    /// `crv` of its keys.
    fileprivate var curve: String? {
        switch self {
        case .rs256: nil
        case .es256: "P-256"
        case .edDSA: "Ed25519"
        }
    }
}
