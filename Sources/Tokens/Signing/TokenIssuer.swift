internal import FoundationEssentials
internal import TextEncodings

/// Makes tokens.
public struct TokenIssuer: Sendable {
    /// How far the clocks of registries may be behind.
    public static let skew: Int64 = 60

    public let issuer: String
    public let keys: TokenKeys
    /// Seconds.
    public let lifetime: Int64

    /// Made once; why it could not be is told to whoever asks for a token.
    private let header: Result<String, any Error>

    public init(issuer: String, keys: TokenKeys, lifetime: Int64) {
        self.issuer = issuer
        self.keys = keys
        self.lifetime = lifetime
        let header = TokenHeader(
            typ: "JWT", alg: keys.signing.algorithm.rawValue, kid: keys.id, x5c: keys.chain?.encoded)
        self.header = Result { try Self.part(header) }
    }

    /// A signed token in compact serialisation (RFC 7515, section 7.1).
    ///
    /// - Parameters:
    ///   - service: The registry it is for, its only audience.
    ///   - access: What it allows there; may be empty.
    ///   - now: Seconds since 1970.
    public func issue(
        to subject: TokenSubject, service: ServiceName, access: [ResourceScope], now: Int64
    ) throws -> String {
        let claims = TokenClaims(
            iss: issuer, sub: subject.id, aud: .init(service.text), exp: now + lifetime, nbf: now - Self.skew, iat: now,
            jti: RandomText.make(bytes: 16), access: access)
        let signed = "\(try header.get()).\(try Self.part(claims))"
        let signature = try keys.signing.signature(for: Array(signed.utf8))
        return "\(signed).\(Base64.url.encode(signature))"
    }

    private static func part(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Base64.url.encode(try encoder.encode(value))
    }
}
