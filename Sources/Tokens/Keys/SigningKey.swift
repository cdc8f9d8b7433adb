/// A private key that signs tokens. Never printed.
public struct SigningKey: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    let key: OpenSSLKey
    public let publicKey: VerificationKey

    /// From a PEM text with an unencrypted RSA (2048 bits and more), P-256 or Ed25519 key.
    public init(pem: String) throws(KeyError) {
        guard let block = PEM.key(in: pem) else { throw .notPEM }
        try self.init(OpenSSLKey(privatePEM: block))
    }

    private init(_ key: OpenSSLKey) throws(KeyError) {
        self.key = key
        publicKey = try VerificationKey(key)
    }

    public var algorithm: SignatureAlgorithm { key.algorithm }

    package func signature(for message: [UInt8]) throws(KeyError) -> [UInt8] { try key.signature(for: message) }

    public static func == (left: SigningKey, right: SigningKey) -> Bool { left.publicKey == right.publicKey }

    public var description: String { "(private key \(publicKey.thumbprint))" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

extension SigningKey {
    /// A new key, as PKCS #8 PEM.
    public static func generate(_ algorithm: SignatureAlgorithm) throws(KeyError) -> String {
        guard let pem = try OpenSSLKey.generate(algorithm).privatePEM else { throw .cannotSign }
        return pem
    }

    /// A certificate for the key, signed by the key itself, as PEM: the `rootcertbundle` of a registry that is to trust
    /// its tokens, and a `cert_chain` of one.
    ///
    /// - Parameters:
    ///   - name: The common name.
    ///   - start: Seconds since 1970.
    public func selfSignedCertificate(name: String, from start: Int64, days: Int) throws(KeyError) -> String {
        guard
            let pem = OpenSSLCertificate(selfSignedBy: key, name: name, from: start, days: days)?.pem
        else { throw .cannotSign }
        return pem
    }
}
