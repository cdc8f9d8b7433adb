import Foundation
import OCI
import Testing
import TextEncodings

@testable import Tokens

@Suite struct TokenVerifierTests {
    private static let now: Int64 = 1_800_000_000
    private let alice = TokenSubject("alice") ?? .anonymous
    private let access = ScopeParser.parse(["repository:acme/app:pull,push"])

    private func keys(_ algorithm: SignatureAlgorithm = .es256) async throws -> TokenKeys {
        TokenKeys(signing: try SigningKey(pem: try await Keys.generated(algorithm)))
    }

    private func verifier(_ keys: TokenKeys, remembers: Int = 0) -> TokenVerifier {
        TokenVerifier(issuer: "us", audience: .registry, keys: keys, remembers: remembers)
    }

    private func token(
        _ keys: TokenKeys, issuer: String = "us", service: ServiceName = .registry, now: Int64 = now
    ) throws -> String {
        try TokenIssuer(issuer: issuer, keys: keys, lifetime: 300)
            .issue(to: alice, service: service, access: access, now: now)
    }

    /// A token with parts of the test's own, signed rightly.
    private func token(_ keys: TokenKeys, header: String, claims: String) throws -> String {
        let signed = Base64.url.encode(header.utf8) + "." + Base64.url.encode(claims.utf8)
        return signed + "." + Base64.url.encode(try keys.signing.signature(for: Array(signed.utf8)))
    }

    @Test(arguments: SignatureAlgorithm.allCases, KeyIDFormat.allCases)
    func aTokenIsBelievedByTheServerThatIssuedIt(algorithm: SignatureAlgorithm, format: KeyIDFormat) async throws {
        var keys = try await keys(algorithm)
        keys = TokenKeys(signing: keys.signing, idFormat: format)
        let verified = try verifier(keys).verify(try token(keys), now: Self.now)
        #expect(verified.subject == alice)
        #expect(verified.access == access)
        #expect(verified.expires == Self.now + 300)
    }

    @Test func anAnonymousTokenIsOneAsWell() async throws {
        let keys = try await keys()
        let text = try TokenIssuer(issuer: "us", keys: keys, lifetime: 300)
            .issue(to: .anonymous, service: .registry, access: [], now: Self.now)
        #expect(try verifier(keys).verify(text, now: Self.now).subject == .anonymous)
    }

    @Test(
        arguments: [
            (-301, TokenError.notYetValid), (-121, .notYetValid), (361, .expired), (86_400, .expired),
        ] as [(Int64, TokenError)])
    func outsideOfItsTimeATokenIsNothing(after seconds: Int64, error: TokenError) async throws {
        let keys = try await keys()
        for remembers in [0, 16] {
            let verifier = verifier(keys, remembers: remembers)
            let token = try token(keys)
            if remembers > 0 { _ = try verifier.verify(token, now: Self.now) }
            #expect(throws: error) { try verifier.verify(token, now: Self.now + seconds) }
        }
    }

    @Test(arguments: [-120, 0, 300, 360] as [Int64])
    func clocksMayDiffer(after seconds: Int64) async throws {
        let keys = try await keys()
        #expect(throws: Never.self) { try verifier(keys).verify(try token(keys), now: Self.now + seconds) }
    }

    @Test func issuerAndAudienceMustBeExactlyThese() async throws {
        let keys = try await keys()
        let verifier = verifier(keys)
        #expect(throws: TokenError.wrongIssuer) {
            try verifier.verify(try token(keys, issuer: "US"), now: Self.now)
        }
        #expect(throws: TokenError.wrongAudience) {
            try verifier.verify(try token(keys, service: try #require(ServiceName("registry2"))), now: Self.now)
        }
    }

    @Test func anotherKeyIsUnknownUntilItIsAPreviousOne() async throws {
        let old = try await keys(.rs256)
        let new = try await keys(.es256)
        let text = try token(old)
        // Of an algorithm that none of the keys has: refused before any key is looked for.
        #expect(throws: TokenError.wrongAlgorithm) { try verifier(new).verify(text, now: Self.now) }
        let third = TokenKeys(signing: try SigningKey(pem: try await Keys.rsa.value))
        #expect(throws: TokenError.unknownKey) { try verifier(third).verify(text, now: Self.now) }
        let rotated = TokenKeys(signing: new.signing, previous: [old.signing.publicKey])
        #expect(try verifier(rotated).verify(text, now: Self.now).subject == alice)
        #expect(rotated.webKeySet.keys.map(\.kid) == [new.id, old.id])
        // And it signs no more.
        let fresh = try token(rotated)
        #expect(throws: TokenError.wrongAlgorithm) { try verifier(old).verify(fresh, now: Self.now) }
    }

    @Test(
        arguments: [
            (#"{"alg":"none"}"#, TokenError.wrongAlgorithm),
            (#"{"alg":"none","kid":"KID"}"#, .wrongAlgorithm),
            (#"{"alg":"None","kid":"KID"}"#, .wrongAlgorithm),
            (#"{"alg":"HS256","kid":"KID"}"#, .wrongAlgorithm),
            (#"{"alg":"RS256","kid":"KID"}"#, .wrongAlgorithm),
            (#"{"alg":"ES384","kid":"KID"}"#, .wrongAlgorithm),
            (#"{"alg":"ES256"}"#, .unknownKey),
            (#"{"alg":"ES256","kid":""}"#, .unknownKey),
            (#"{"alg":"ES256","kid":"../KID"}"#, .unknownKey),
            // A key brought along is not looked at.
            (#"{"alg":"ES256","jwk":{"kty":"EC"}}"#, .unknownKey),
            (#"{"alg":"ES256","x5c":["MIIB"]}"#, .unknownKey),
            (#"{"alg":"ES256","kid":"KID","crit":["exp"]}"#, .malformed),
            (#"{"alg":"ES256","kid":"KID","typ":"JWE"}"#, .malformed),
            (#"{"kid":"KID"}"#, .malformed),
            ("[]", .malformed),
            ("", .malformed),
        ] as [(String, TokenError)])
    func whatTheHeaderSaysOpensNothing(header: String, error: TokenError) async throws {
        let keys = try await keys()
        let claims = #"{"iss":"us","sub":"alice","aud":"registry","exp":\#(Self.now + 60)}"#
        let text = try token(keys, header: header.replacing("KID", with: keys.id), claims: claims)
        #expect(throws: error) { try verifier(keys).verify(text, now: Self.now) }
    }

    @Test(
        arguments: [
            (#"{"iss":"us","sub":"a","aud":"registry"}"#, TokenError.malformed),
            (#"{"iss":"us","sub":"a","aud":"registry","exp":"9999999999"}"#, .malformed),
            (#"{"iss":"us","sub":"a","aud":"registry","exp":-1}"#, .malformed),
            (#"{"iss":"us","sub":"a","aud":"registry","exp":1e300}"#, .malformed),
            (#"{"iss":"us","sub":"a","aud":"registry","exp":9223372036854775807}"#, .malformed),
            (#"{"iss":"us","sub":"a","aud":[],"exp":1800000100}"#, .wrongAudience),
            (#"{"iss":"us","sub":"a","exp":1800000100}"#, .malformed),
            (#"{"sub":"a","aud":"registry","exp":1800000100}"#, .malformed),
            (#"{"iss":"us","aud":"registry","exp":1800000100}"#, .malformed),
            (#"{"iss":"us","sub":"a","aud":"registry","exp":1800000100,"nbf":1800000200}"#, .notYetValid),
            (#"{"iss":"us","sub":"a","aud":"registry","exp":1800000100,"access":{}}"#, .malformed),
            (String(repeating: "[", count: 4000), .malformed),
        ] as [(String, TokenError)])
    func claimsMustBeWhole(claims: String, error: TokenError) async throws {
        let keys = try await keys()
        let text = try token(keys, header: #"{"alg":"ES256","kid":"\#(keys.id)"}"#, claims: claims)
        #expect(throws: error) { try verifier(keys).verify(text, now: Self.now) }
    }

    @Test func severalAudiencesAreTakenWhereOurNameIsAmongThem() async throws {
        let keys = try await keys()
        let claims = #"{"iss":"us","sub":"","aud":["x","registry"],"exp":1800000100}"#
        let text = try token(keys, header: #"{"alg":"ES256","kid":"\#(keys.id)"}"#, claims: claims)
        #expect(try verifier(keys).verify(text, now: Self.now).subject == .anonymous)
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func noLetterOfATokenCanBeChanged(algorithm: SignatureAlgorithm) async throws {
        let keys = try await keys(algorithm)
        let verifier = verifier(keys, remembers: 1024)
        let text = try token(keys)
        _ = try verifier.verify(text, now: Self.now)
        let bytes = Array(text.utf8)
        for index in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: TokenError.self) {
                try verifier.verify(String(decoding: changed, as: UTF8.self), now: Self.now)
            }
        }
        for other in ["", ".", "..", "...", text + ".", text + "A", String(text.dropLast()), " " + text] {
            #expect(throws: TokenError.self) { try verifier.verify(other, now: Self.now) }
        }
        #expect(throws: TokenError.tooLong) {
            try verifier.verify(String(repeating: "a", count: TokenVerifier.maximumLength + 1), now: Self.now)
        }
    }

    @Test func claimsOfOneTokenDoNotGoWithTheSignatureOfAnother() async throws {
        let keys = try await keys()
        let one = try token(keys).split(separator: ".")
        let other = try token(keys, now: Self.now + 1).split(separator: ".")
        #expect(throws: TokenError.badSignature) {
            try verifier(keys).verify("\(one[0]).\(other[1]).\(one[2])", now: Self.now)
        }
    }

    @Test func theChainTravelsInTheHeader() async throws {
        let key = try SigningKey(pem: try await Keys.rsa.value)
        let chain = try CertificateChain(
            pem: try await Keys.certificate(of: try await Keys.rsa.value), for: key.publicKey)
        let keys = TokenKeys(signing: key, chain: chain, idFormat: .libtrust)
        let text = try token(keys)
        let header = try #require(Base64.url.decode(text.split(separator: ".")[0].utf8))
        let decoded = try JSONDecoder().decode(TokenHeader.self, from: Data(header))
        #expect(decoded.x5c == chain.encoded)
        #expect(decoded.kid == key.publicKey.libtrustID)
        #expect(decoded.alg == "RS256")
        #expect(decoded.typ == "JWT")
        #expect(try verifier(keys).verify(text, now: Self.now).subject == alice)
    }

    @Test func rememberedTokensAreBoundedInNumber() throws {
        let cache = VerifiedTokens(limit: 8)
        let token = VerifiedToken(subject: alice, access: [], expires: 0, notBefore: 0)
        for number in 0..<100 { cache.insert(token, as: TokenHash(Array("\(number)".utf8))) }
        #expect(cache.count <= 8)
        #expect(cache[TokenHash(Array("99".utf8))] == token)
        #expect(cache[TokenHash(Array("0".utf8))] == nil)
    }
}
