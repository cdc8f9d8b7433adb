internal import FoundationEssentials
internal import TextEncodings

/// Decides whether a token is one of ours.
///
/// What a token's header says picks among keys that are trusted already, and never brings one along: `x5c` and `jwk` are
/// not looked at. Tokens that passed are remembered for a while by their hash, for a client shows the same one with each
/// layer.
public struct TokenVerifier: Sendable {
    /// Bytes. Chains of certificates make tokens long.
    public static let maximumLength = 16 * 1024

    private let issuer: String
    private let audience: ServiceName
    private let keys: TokenKeys
    private let algorithms: Set<SignatureAlgorithm>
    private let remembered: VerifiedTokens
    private let headers = KnownHeaders()

    /// - Parameter audience: This server's name as a service.
    public init(issuer: String, audience: ServiceName, keys: TokenKeys, remembers: Int = 1024) {
        self.issuer = issuer
        self.audience = audience
        self.keys = keys
        algorithms = Set(keys.previous.map(\.algorithm) + [keys.signing.algorithm])
        remembered = VerifiedTokens(limit: remembers)
    }

    /// - Parameter now: Seconds since 1970.
    public func verify(_ text: some StringProtocol, now: Int64) throws(TokenError) -> VerifiedToken {
        guard text.utf8.count <= Self.maximumLength else { throw .tooLong }
        let bytes = Array(text.utf8)
        let name = TokenHash(bytes)
        if let known = remembered[name] {
            try known.check(at: now)
            return known
        }
        let token = try verifyAnew(bytes)
        try token.check(at: now)
        remembered.insert(token, as: name)
        return token
    }

    private func verifyAnew(_ bytes: [UInt8]) throws(TokenError) -> VerifiedToken {
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed }
        let header = Array(parts[0])
        let known = headers[header]
        let key = if let known { known } else { try key(namedBy: header) }
        guard let signature = Base64.url.decode(parts[2]) else { throw .malformed }
        guard key.isValid(signature, for: bytes[..<parts[1].endIndex]) else { throw .badSignature }
        if known == nil { headers.insert(header, key) }

        guard let claims: TokenClaims = Self.decode(parts[1]) else { throw .malformed }
        guard claims.iss == issuer else { throw .wrongIssuer }
        guard claims.aud.names.contains(audience.text) else { throw .wrongAudience }
        let subject: TokenSubject? = claims.sub.isEmpty ? .anonymous : TokenSubject(claims.sub)
        guard let subject, (0...(1 << 40)).contains(claims.exp), (0...(1 << 40)).contains(claims.nbf ?? 0) else {
            throw .malformed
        }
        return VerifiedToken(
            subject: subject, access: claims.access ?? [], expires: claims.exp, notBefore: claims.nbf ?? 0)
    }

    /// The algorithm is refused before any key is looked for.
    private func key(namedBy header: [UInt8]) throws(TokenError) -> VerificationKey {
        guard let header: TokenHeader = Self.decode(header) else { throw .malformed }
        guard let algorithm = SignatureAlgorithm(rawValue: header.alg), algorithms.contains(algorithm) else {
            throw .wrongAlgorithm
        }
        guard header.crit == nil, header.typ.map({ $0.lowercased() == "jwt" }) ?? true else { throw .malformed }
        guard let id = header.kid, let key = keys.key(id) else { throw .unknownKey }
        guard key.algorithm == algorithm else { throw .wrongAlgorithm }
        return key
    }

    private static func decode<Value: Decodable>(_ part: some Collection<UInt8>) -> Value? {
        guard let json = Base64.url.decode(part) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: Data(json))
    }
}

/// SHA-256 of a token's text: tokens themselves are not kept.
struct TokenHash: Hashable {
    private let words: SIMD4<UInt64>

    init(_ bytes: [UInt8]) {
        words = OpenSSL.sha256(bytes).withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }
}
