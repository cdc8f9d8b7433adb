import Testing

@testable import Tokens

/// How long it takes to believe a token. The bound for a release build is 100 µs; these bounds leave room for debug
/// builds on busy machines, and would still notice a signature that is checked each time.
@Suite(.serialized) struct VerificationCostTests {
    @Test(arguments: SignatureAlgorithm.allCases)
    func aTokenThatWasSeenCostsAHash(algorithm: SignatureAlgorithm) async throws {
        let key = try SigningKey(pem: try await Keys.generated(algorithm))
        let certificate = try key.selfSignedCertificate(name: "tokens", from: 1_800_000_000, days: 1)
        let keys = TokenKeys(signing: key, chain: try CertificateChain(pem: certificate, for: key.publicKey))
        let issuer = TokenIssuer(issuer: "us", keys: keys, lifetime: 300)
        let access = ScopeParser.parse(["repository:team/app:pull,push", "repository:team/other:pull"])
        let subject = try #require(TokenSubject("alice"))
        let verifier = TokenVerifier(issuer: "us", audience: .registry, keys: keys)
        let tokens = try (0..<50).map { _ in
            try issuer.issue(to: subject, service: .registry, access: access, now: 1_800_000_000)
        }
        func fastest(_ rounds: Int) throws -> Duration {
            let clock = ContinuousClock()
            return try (0..<rounds).map { _ in
                try clock.measure {
                    for token in tokens { _ = try verifier.verify(token, now: 1_800_000_000) }
                } / tokens.count
            }.min() ?? .zero
        }
        let first = try fastest(1)
        let again = try fastest(20)
        print("\(algorithm.rawValue): \(tokens[0].utf8.count) bytes, first \(first), again \(again)")
        #expect(again < .milliseconds(1))
        #expect(again < first)
    }
}
