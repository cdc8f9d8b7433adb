/// How tokens are signed (RFC 7518, RFC 8037). There is no other: `none` and the symmetric ones cannot be said.
public enum SignatureAlgorithm: String, Sendable, CaseIterable, Codable {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what every registry understands.
    case rs256 = "RS256"
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// Ed25519.
    case edDSA = "EdDSA"
}
