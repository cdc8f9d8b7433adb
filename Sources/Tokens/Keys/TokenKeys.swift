/// The key that signs, and those that verify: its own public half and its predecessors'.
public struct TokenKeys: Sendable, Equatable {
    public let signing: SigningKey
    public let chain: CertificateChain?
    /// They verify what was signed before a change of keys, and sign nothing.
    public let previous: [VerificationKey]
    public let idFormat: KeyIDFormat

    public init(
        signing: SigningKey, chain: CertificateChain? = nil, previous: [VerificationKey] = [],
        idFormat: KeyIDFormat = .rfc7638
    ) {
        self.signing = signing
        self.chain = chain
        self.previous = previous
        self.idFormat = idFormat
    }

    /// The name of the signing key in tokens.
    public var id: String { signing.publicKey.id(idFormat) }

    /// The key of a name, whichever format it is in: the format may have been changed with tokens still about.
    func key(_ id: String) -> VerificationKey? {
        if signing.publicKey.thumbprint == id || signing.publicKey.libtrustID == id { return signing.publicKey }
        return previous.first { $0.thumbprint == id || $0.libtrustID == id }
    }

    /// For `/auth/jwks.json`.
    public var webKeySet: JSONWebKeySet {
        JSONWebKeySet(
            keys: [signing.publicKey.webKey(idFormat, chain: chain)]
                + previous.filter { $0 != signing.publicKey }.map { $0.webKey(idFormat) })
    }
}
